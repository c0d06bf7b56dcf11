/** Version 9: an API key may be for sign-ins only; those that are there keep what they could. */
export const keyScopes = `
  ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'operate';
`;
