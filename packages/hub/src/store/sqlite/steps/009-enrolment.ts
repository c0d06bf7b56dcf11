/** Version 9: several tickets per connection, each of which enrols one connector, and registration changes that wait for an operator. */
export const enrolment = `
  CREATE TABLE tickets (
    hash TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    enrolment_key TEXT,
    issued_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT;
  CREATE INDEX tickets_connection ON tickets (connection_id, issued_at);
  ALTER TABLE certificates ADD COLUMN requested_endpoint TEXT;
  ALTER TABLE certificates ADD COLUMN requested_at INTEGER;
`;
