/** Version 3: API keys expire, and say when they were last used. Existing keys have no expiry. */
export const keyExpiry = `
  ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
  ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
`;
