/** Version 11: options of OpenID Connect clients, all off, and the number of uses of each record of the provider. */
export const clientOptions = `
  ALTER TABLE oidc_clients ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
  ALTER TABLE oidc_records ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
`;
