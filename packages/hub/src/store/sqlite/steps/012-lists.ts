/** Version 12: the audit log can be filtered by actor, result and instance without reading all of it, and connectors have labels. */
export const lists = `
  CREATE INDEX audit_log_actor ON audit_log (actor);
  CREATE INDEX audit_log_result ON audit_log (result);
  CREATE INDEX audit_log_instance ON audit_log (instance) WHERE instance IS NOT NULL;
  ALTER TABLE instances ADD COLUMN label TEXT NOT NULL DEFAULT '';
`;
