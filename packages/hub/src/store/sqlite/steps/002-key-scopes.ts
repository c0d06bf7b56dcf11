/** Version 2: API keys for sign-ins only; existing keys keep their permissions. */
export const keyScopes = `
  ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'operate';
`;
