/** Version 7: administrators, their credentials and sessions. */
export const administrators = `
  CREATE TABLE administrators (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT,
    totp_secret TEXT,
    totp_last_step INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_sign_in_at INTEGER
  ) STRICT;
  CREATE TABLE administrator_invitations (
    administrator_id TEXT PRIMARY KEY REFERENCES administrators (id) ON DELETE CASCADE,
    hash TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE administrator_recovery_codes (
    administrator_id TEXT NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY (administrator_id, hash)
  ) STRICT;
  CREATE TABLE administrator_passkeys (
    id TEXT PRIMARY KEY,
    administrator_id TEXT NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
  ) STRICT;
  CREATE INDEX administrator_passkeys_owner ON administrator_passkeys (administrator_id);
  CREATE TABLE administrator_sessions (
    hash TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    administrator_id TEXT NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    form_token TEXT NOT NULL,
    remote_address TEXT,
    browser TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX administrator_sessions_owner ON administrator_sessions (administrator_id);
`;
