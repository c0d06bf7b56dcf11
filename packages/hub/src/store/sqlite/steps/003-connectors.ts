/** Version 3: states of registered keys and instances; rotation of signing keys. */
export const connectors = `
  ALTER TABLE certificates ADD COLUMN state TEXT NOT NULL DEFAULT 'approved';
  ALTER TABLE certificates ADD COLUMN host_name TEXT;
  ALTER TABLE certificates ADD COLUMN signing_kid TEXT;
  UPDATE certificates SET signing_kid = (SELECT kid FROM signing_keys WHERE algorithm = 'RS256') WHERE reads_jwks = 0;
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
  CREATE TABLE rotated_signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    private_key_pem TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    retires_at INTEGER
  ) STRICT;
  INSERT INTO rotated_signing_keys SELECT kid, algorithm, private_key_pem, created_at, created_at, NULL FROM signing_keys;
  DROP TABLE signing_keys;
  ALTER TABLE rotated_signing_keys RENAME TO signing_keys;
`;
