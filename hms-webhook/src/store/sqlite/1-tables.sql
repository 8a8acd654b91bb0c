-- Times are milliseconds since 1970.

-- What was begun or done under a key, and with which result.
CREATE TABLE claims (
    key     TEXT NOT NULL PRIMARY KEY,
    state   TEXT NOT NULL CHECK (state IN ('running', 'released', 'kept')),
    earlier INTEGER NOT NULL,           -- how many claims there had been before this one
    until   INTEGER NOT NULL DEFAULT 0, -- while it runs: how long it excludes others
    result  TEXT,
    expires INTEGER NOT NULL            -- when it is forgotten
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_expiry ON claims (expires);
CREATE INDEX claims_running ON claims (key) WHERE state = 'running';

-- Events that at least one handler is not done with.
CREATE TABLE events (
    id       INTEGER NOT NULL PRIMARY KEY,
    key      TEXT NOT NULL,             -- by what a repetition is recognised
    kind     TEXT NOT NULL,             -- message.type
    call_id  TEXT NOT NULL,             -- empty where the event is about no call
    body     BLOB NOT NULL,             -- as it was delivered
    appended INTEGER NOT NULL
) STRICT;

-- One event for one handler.
CREATE TABLE jobs (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event      INTEGER NOT NULL REFERENCES events (id),
    handler    TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'dead')),
    head       INTEGER NOT NULL,        -- nothing of the same handler and call is before it
    attempts   INTEGER NOT NULL,        -- how many have begun
    due        INTEGER NOT NULL,        -- when it is tried next
    last_error TEXT
) STRICT;
CREATE INDEX jobs_ready ON jobs (due, id) WHERE state = 'waiting' AND head = 1;
CREATE INDEX jobs_of_a_call ON jobs (handler, call_id, id) WHERE state <> 'dead';
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_event ON jobs (event);
