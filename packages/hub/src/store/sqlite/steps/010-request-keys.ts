/** Version 10: requests are signed with RS256 only. */
export const requestKeys = `
  DELETE FROM signing_keys WHERE algorithm = 'ES256';
`;
