/** Version 2: a connection can be switched off and has settings. */
export const connections = `
  ALTER TABLE connections ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE connections ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE connections ADD COLUMN ticket_issued_at INTEGER;
`;
