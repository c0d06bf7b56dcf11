/** Real servers, certificates and test data for tests, benchmarks and the demo's tests. What only one test needs is beside that test. */

export { spawnBound } from './bound-process.ts';
export { CHROMIUM, CHROMIUM_ARGUMENTS, examinePage, launchChromium, whyNoChromium } from './browser.ts';
export {
  type CertificateAuthority,
  type CertificateRequest,
  type CertificateSubject,
  createCertificateAuthority,
  createSelfSigned,
  type KeyPair,
} from './certificates.ts';
export {
  type AssertionParts,
  assertionXml,
  KERBEROS_METHOD,
  responseAround,
  type SignatureParts,
  signatureOver,
  signedAssertion,
  withSignature,
} from './foreign-assertion.ts';
export { acceptsConnections, freePort } from './free-port.ts';
export { type Gssapi, loadGssapi } from './gssapi.ts';
export { type KerberosRealm, openKerberosRealm, whyNoKerberos } from './kerberos.ts';
export { type NsSlapd, type NsUserName, startNsSlapd, whyNoNsSlapd } from './ns-slapd.ts';
export { type NssDatabase, nssDatabase, whyNoNss } from './nss-database.ts';
export { type OcspResponder, type OcspResponderOptions, startOcspResponder, whyNoOcspResponder } from './ocsp-responder.ts';
export { sendRaw, statusesIn } from './raw-http.ts';
export { type SambaDomainController, type SambaOptions, startSambaDomainController, whyNoSamba } from './samba.ts';
export { type SambaUser, type SambaUserName, type SambaUsers, toFileTime } from './samba-users.ts';
export { type Slapd, type SlapdAccount, type SlapdOptions, startSlapd, whyNoSlapd } from './slapd.ts';
export type { LoggedOperation, LoggedOperationKind } from './slapd-log.ts';
export { makeIdentity, pemBody, type TestIdentity } from './test-identity.ts';
export { MANY_VALUES, type SlapdUser, type SlapdUsers, type SpecialName, UTF8_PICTURE } from './users.ts';
export { canonicalByXmlCrypto, type DomElement, parseWithXmldom, signedByXmlCrypto, signedReferences } from './xml-crypto.ts';
