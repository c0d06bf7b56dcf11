/** Version 14: alerts, and the messages about them. */
export const alertTables = `
  CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    connection TEXT,
    text TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    resolved_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX alerts_open ON alerts (key) WHERE resolved_at IS NULL;
  CREATE INDEX alerts_raised ON alerts (raised_at);
  CREATE TABLE alert_messages (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER,
    sent_at INTEGER,
    failure TEXT,
    PRIMARY KEY (alert_id, channel, event)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_messages_due ON alert_messages (next_at) WHERE next_at IS NOT NULL;
`;
