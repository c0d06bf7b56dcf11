/** Version 4: the hub's identity. */
export const hubIdentity = `
  CREATE TABLE hub_identity_keys (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    signature TEXT,
    private_key_pem TEXT,
    created_at INTEGER NOT NULL
  ) STRICT;
`;
