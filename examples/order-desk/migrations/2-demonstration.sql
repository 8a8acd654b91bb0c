-- Something to ask for, so that the desk has an answer when it is tried for the first time.
INSERT INTO customers (id, name, phone_number) VALUES
    ('K-881', 'Mrs Vos', '+31612000111'),
    ('K-882', 'Mr Bakker', '+31612000222');

INSERT INTO orders (id, customer_id, status) VALUES
    ('A-1042', 'K-881', 'shipped'),
    ('A-1043', 'K-881', 'open'),
    ('A-1050', 'K-882', 'open');

INSERT INTO order_lines (order_id, position, article, pieces) VALUES
    ('A-1042', 1, 'chain, eight speeds', 1),
    ('A-1042', 2, 'brake pads', 2),
    ('A-1042', 3, 'rear light', 1),
    ('A-1043', 1, 'saddle, wide', 1),
    ('A-1050', 1, 'child seat', 1);
