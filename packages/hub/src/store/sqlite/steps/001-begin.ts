/** Version 1. Times are epoch milliseconds; records of the OpenID provider are JSON texts of its own form. */
const basics = `
  CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    settings TEXT NOT NULL DEFAULT '{}'
  ) STRICT;
  CREATE TABLE certificates (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    thumbprint TEXT NOT NULL,
    pem TEXT NOT NULL,
    reads_jwks INTEGER NOT NULL,
    agent_version TEXT,
    host_name TEXT,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    signing_kid TEXT,
    sign_in_endpoint TEXT,
    PRIMARY KEY (connection_id, thumbprint)
  ) STRICT;
  CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    identity TEXT NOT NULL,
    host_name TEXT,
    version TEXT,
    remote_address TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    drained INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (connection_id, thumbprint, identity),
    FOREIGN KEY (connection_id, thumbprint) REFERENCES certificates (connection_id, thumbprint) ON DELETE CASCADE
  ) STRICT;
  CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    private_key_pem TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retires_at INTEGER
  ) STRICT;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    hash TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE try_codes (
    hash TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
`;

/**
 * The triggers refuse to change a record, `INSERT OR REPLACE` included, and to delete one, unless an appended `audit.prune` record (detail:
 * `ID HASH` of the last one) replaces it.
 */
const audit = `
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

/** They are removed with their connection, or when it or its credential cache is disabled. */
const cachedCredentials = `
  CREATE TABLE cached_credentials (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    salt BLOB NOT NULL,
    sealed BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, user_id)
  ) STRICT;
  CREATE INDEX cached_credentials_verified_at ON cached_credentials (verified_at);
  CREATE TABLE cached_credential_names (
    connection_id TEXT NOT NULL,
    name_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, name_hash),
    FOREIGN KEY (connection_id, user_id) REFERENCES cached_credentials (connection_id, user_id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX cached_credential_names_user ON cached_credential_names (connection_id, user_id, seen_at);
  CREATE TRIGGER cached_credentials_off AFTER UPDATE OF enabled, settings ON connections
    WHEN NEW.enabled = 0 OR json_extract(NEW.settings, '$.credentialCache') = 0
    BEGIN DELETE FROM cached_credentials WHERE connection_id = NEW.id; END;
`;

const applications = `
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
  CREATE TABLE front_channel_sign_ins (
    interaction TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL,
    payload TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX front_channel_sign_ins_connection ON front_channel_sign_ins (connection_id);
  CREATE INDEX front_channel_sign_ins_end ON front_channel_sign_ins (expires_at);
  CREATE TABLE used_assertions (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (connection_id, hash)
  ) STRICT;
  CREATE INDEX used_assertions_end ON used_assertions (expires_at);
`;

const administrators = `
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

export const begin = [basics, audit, cachedCredentials, applications, administrators].join('');
