-- A call of a tool that is run again, after a crash in the middle of it, is known by these.
ALTER TABLE visits ADD COLUMN tool_call_id TEXT;
CREATE UNIQUE INDEX visits_once ON visits (call_id, tool_call_id);
ALTER TABLE complaints ADD COLUMN tool_call_id TEXT;
CREATE UNIQUE INDEX complaints_once ON complaints (call_id, tool_call_id);
