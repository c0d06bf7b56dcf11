/**
 * WS-Federation responses with SAML 1.1 assertions: `issueToken` writes and signs them (connector), `verifyToken` checks and reads them
 * (hub). Issuer, audience, lifetime, trusted signers and clock skew are parameters.
 */
export { issueToken, type SigningPair, type TokenIssuer } from './issue.ts';
export { federationMetadata, METADATA_PATH } from './metadata.ts';
export { type AuthenticationMethod, issuerUri, REALM_PREFIX, WSFED_SIGN_IN } from './names.ts';
export { isSignOut, replyAddressesOf, replyAddressFor, type SignInRequest, signInRequestOf } from './request.ts';
export { assertionRejected, verifyToken } from './verify.ts';
