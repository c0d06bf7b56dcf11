/** Version 8: the scopes of OpenID Connect clients. Existing clients keep all scopes. */
export const clientScopes = `
  ALTER TABLE oidc_clients ADD COLUMN scopes TEXT NOT NULL DEFAULT '["profile","email","groups"]';
`;
