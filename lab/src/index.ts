/**
 * Real parts for tests: a directory server as a process, certificates, and people to put into directories. Only tests, the demo's
 * tests and benchmarks import it. What the parts of a test do with them stays beside that test.
 */

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
export { freePort } from './free-port.ts';
export { type Gssapi, loadGssapi } from './gssapi.ts';
export { type KerberosRealm, openKerberosRealm, whyNoKerberos } from './kerberos.ts';
export { type NsPersonName, type NsSlapd, startNsSlapd, whyNoNsSlapd } from './ns-slapd.ts';
export { type NssDatabase, nssDatabase, whyNoNss } from './nss-database.ts';
export { type OcspResponder, type OcspResponderOptions, startOcspResponder, whyNoOcspResponder } from './ocsp-responder.ts';
export { MANY_VALUES, type People, type SlapdUser, type SpecialName, UTF8_PICTURE } from './people.ts';
export { sendRaw, statusesIn } from './raw-http.ts';
export { type SambaDomainController, type SambaOptions, startSambaDomainController, whyNoSamba } from './samba.ts';
export type { SambaPeople, SambaPerson, SambaPersonName } from './samba-people.ts';
export { type Slapd, type SlapdAccount, type SlapdOptions, startSlapd, whyNoSlapd } from './slapd.ts';
export type { LoggedOperation, LoggedOperationKind } from './slapd-log.ts';
export { makeIdentity, pemBody, type TestIdentity } from './test-identity.ts';
export { canonicalByXmlCrypto, type DomElement, parseWithXmldom, signedByXmlCrypto, signedReferences } from './xml-crypto.ts';
