/** Names that issuer and verifier share: namespaces, algorithms, claims and authentication methods. */

/** WS-Federation 1.2, section 13.2.1. */
export const WSFED_SIGN_IN = 'wsignin1.0';

/** WS-Trust, February 2005. */
export const TRUST = 'http://schemas.xmlsoap.org/ws/2005/02/trust';
/** SAML 1.1 keeps the namespaces of 1.0. */
export const SAML = 'urn:oasis:names:tc:SAML:1.0';
export const SAML_ASSERTION = `${SAML}:assertion`;
export const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

/** The only algorithms written and accepted: SHA-1 has collisions, and an HMAC would take the public certificate for its secret. */
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
export const ENVELOPED = `${DSIG}enveloped-signature`;
export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';

export const IDENTITY_CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
/** Our addition: the user's immutable id. Profile keys are in other namespaces, so no mapper can set it. */
export const SUBJECT_CLAIMS = 'http://schemas.landbridge.dev/identity/claims';
/** Profile keys without a claim of their own. */
export const OTHER_CLAIMS = 'http://schemas.passportjs.com';

/** saml-core-1.1, section 7.1. */
export const AUTHENTICATION_METHODS = {
  password: `${SAML}:am:password`,
  kerberos: 'urn:ietf:rfc:1510',
  certificate: 'urn:ietf:rfc:2246',
} as const;
export type AuthenticationMethod = keyof typeof AUTHENTICATION_METHODS;

/** Realms of our hub begin with it. Tokens for them carry the user's immutable id, and tokens for Auth0 do not. */
export const REALM_PREFIX = 'urn:landbridge:';

/** @returns the issuer as the URI that SAML requires: URLs and URNs stay, anything else gets the prefix `urn:` */
export function issuerUri(name: string): string {
  return /^(https?:\/\/|urn:)/i.test(name) ? name : `urn:${name}`;
}
