/**
 * Version 4: the audit log. The triggers refuse to change a record, `INSERT OR REPLACE` included, and to delete one, unless an appended
 * `audit.prune` record (detail: `ID HASH` of the last one) replaces it.
 */
export const audit = `
  CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    connection TEXT,
    subject TEXT COLLATE NOCASE,
    remote_address TEXT,
    instance TEXT,
    result TEXT NOT NULL,
    correlation_id TEXT,
    detail TEXT,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_log_at ON audit_log (at);
  CREATE INDEX audit_log_action ON audit_log (action);
  CREATE INDEX audit_log_connection ON audit_log (connection);
  CREATE INDEX audit_log_subject ON audit_log (subject);
  CREATE INDEX audit_log_correlation_id ON audit_log (correlation_id);
  CREATE TRIGGER audit_log_append BEFORE INSERT ON audit_log
    WHEN NEW.id <> coalesce((SELECT max(id) FROM audit_log), 0) + 1
    BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
  CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
  CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log
    WHEN OLD.id > coalesce((SELECT max(CAST(detail AS INTEGER)) FROM audit_log WHERE action = 'audit.prune'), 0)
    BEGIN SELECT RAISE(ABORT, 'the audit log is only appended to'); END;
`;
