CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    phone_number TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers,
    status TEXT NOT NULL CHECK (status IN ('open', 'shipped', 'cancelled'))
) STRICT;

CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders,
    position INTEGER NOT NULL,
    article TEXT NOT NULL,
    pieces INTEGER NOT NULL CHECK (pieces > 0),
    PRIMARY KEY (order_id, position)
) STRICT;

CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    day TEXT NOT NULL,
    hour INTEGER NOT NULL,
    bikes INTEGER NOT NULL CHECK (bikes > 0),
    reason TEXT NOT NULL,
    phone_number TEXT,
    call_id TEXT NOT NULL
) STRICT;

CREATE INDEX visits_by_day ON visits (day, hour);

CREATE TABLE complaints (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    order_id TEXT,
    phone_number TEXT,
    call_id TEXT NOT NULL
) STRICT;

CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    phone_number TEXT,
    customer_id TEXT,
    status TEXT,
    ended INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    duration_seconds INTEGER,
    summary TEXT
) STRICT;
