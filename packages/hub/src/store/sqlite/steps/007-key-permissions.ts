/** Version 7: API keys with scopes, connections and addresses. Existing keys keep their permissions. */
export const keyPermissions = `
  ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '["sign-in"]';
  ALTER TABLE api_keys ADD COLUMN connection_ids TEXT;
  ALTER TABLE api_keys ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE api_keys ADD COLUMN last_used_from TEXT;
  UPDATE api_keys SET scopes = '["sign-in","search","reset-password","view","provision","applications","signing-keys","audit","api-keys"]'
    WHERE scope = 'operate';
  ALTER TABLE api_keys DROP COLUMN scope;
`;
