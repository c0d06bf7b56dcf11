/** Version 8: the front channel: addresses, sign-ins, and used assertions. */
export const frontChannel = `
  ALTER TABLE certificates ADD COLUMN sign_in_endpoint TEXT;
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
