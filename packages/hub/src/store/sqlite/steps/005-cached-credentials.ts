/** Version 5: cached credentials. They are removed with their connection, or when it or its credential cache is disabled. */
export const cachedCredentials = `
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
