-- The trace that an event's handling belongs to, as the headers of W3C Trace Context say it.
ALTER TABLE events ADD COLUMN traceparent TEXT;
ALTER TABLE events ADD COLUMN tracestate TEXT;
