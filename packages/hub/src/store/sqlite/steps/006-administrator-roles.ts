/**
 * Version 6: administrators have a role and may be bound to a user of an OpenID provider. Sessions record when their administrator last
 * authenticated. Existing administrators become owners, because they could do everything.
 */
export const administratorRoles = `
  ALTER TABLE administrators ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
  ALTER TABLE administrators ADD COLUMN issuer TEXT;
  ALTER TABLE administrators ADD COLUMN subject TEXT;
  ALTER TABLE administrators ADD COLUMN role_from_claims INTEGER NOT NULL DEFAULT 0;
  CREATE UNIQUE INDEX administrators_identity ON administrators (issuer, subject);
  ALTER TABLE administrator_sessions ADD COLUMN authenticated_at INTEGER NOT NULL DEFAULT 0;
`;
