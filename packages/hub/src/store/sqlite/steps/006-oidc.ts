/** Version 6: OpenID Connect. Records of the provider are JSON texts of its own form. */
export const oidc = `
  CREATE TABLE oidc_clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash TEXT,
    redirect_uris TEXT NOT NULL,
    post_logout_redirect_uris TEXT NOT NULL,
    connection_ids TEXT,
    refresh_tokens INTEGER NOT NULL,
    id_token_algorithm TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE oidc_keys (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE oidc_accounts (
    subject TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    claims TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX oidc_accounts_connection ON oidc_accounts (connection_id);
  CREATE INDEX oidc_accounts_end ON oidc_accounts (expires_at);
  CREATE TABLE oidc_records (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    grant_id TEXT,
    uid TEXT,
    consumed_at INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT;
  CREATE INDEX oidc_records_grant ON oidc_records (grant_id, kind) WHERE grant_id IS NOT NULL;
  CREATE INDEX oidc_records_uid ON oidc_records (uid, kind) WHERE uid IS NOT NULL;
  CREATE INDEX oidc_records_end ON oidc_records (expires_at);
`;
