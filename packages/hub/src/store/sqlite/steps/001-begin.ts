/** Version 1: connections, certificates, keys, codes. Times are epoch milliseconds. */
export const begin = `CREATE TABLE connections (
   id TEXT PRIMARY KEY,
   name TEXT NOT NULL UNIQUE,
   created_at INTEGER NOT NULL,
   ticket_hash TEXT NOT NULL UNIQUE
 ) STRICT;
 CREATE TABLE certificates (
   connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
   thumbprint TEXT NOT NULL,
   pem TEXT NOT NULL,
   reads_jwks INTEGER NOT NULL,
   agent_version TEXT,
   registered_at INTEGER NOT NULL,
   PRIMARY KEY (connection_id, thumbprint)
 ) STRICT;
 CREATE TABLE signing_keys (
   kid TEXT PRIMARY KEY,
   algorithm TEXT NOT NULL UNIQUE,
   private_key_pem TEXT NOT NULL,
   created_at INTEGER NOT NULL
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
 ) STRICT;`;
