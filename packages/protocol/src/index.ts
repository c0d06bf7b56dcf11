/**
 * The contract between connector and hub as schemas and types: frames, requests and their answers, failures, tickets and provisioning,
 * capabilities, the hub's identity, sessions, and which names mean one user. Both programs import it; it imports neither, and does no input or output.
 */
export {
  cleanProfile,
  encodeAnswer,
  type Failure,
  type KnownUser,
  namedFailure,
  type Profile,
  parseAnswer,
  profileSchema,
  type RequestOutcome,
  type SignInOutcome,
  withAccountName,
} from './answers.ts';
export { CAPABILITIES, type Capability, type Health, healthPayload, knownCapabilities } from './capabilities.ts';
export {
  CODE_AUDIENCE,
  CODE_PAGE,
  type CodeGranted,
  type CodePollClaims,
  type CodeRequestClaims,
  type CodeState,
  codeGranted,
  codePollClaims,
  codeRequest,
  codeRequestClaims,
  codeState,
  commitmentTo,
  comparisonCode,
  connectorKeyFingerprint,
  isCommitmentTo,
  readUserCode,
  USER_CODE_LETTERS,
} from './code-enrolment.ts';
export {
  type EnrolmentClaims,
  type EnrolmentPayload,
  type EnrolmentState,
  enrolmentAnswer,
  enrolmentClaims,
  enrolmentKey,
  enrolmentMac,
  enrolmentPayload,
  enrolmentRequest,
  enrolmentSigned,
  isEnrolmentMac,
  type PinnedTicket,
  pinnedTicket,
  readTicket,
} from './enrolment.ts';
export {
  FAILURES,
  type FailureCode,
  type LdapStatus,
  UNEXPECTED_ERROR,
  WIRE_ERRORS,
  type WireErrorName,
} from './failures.ts';
export { decodeFrame, encodeFrame, type Frame, MAX_FRAME_BYTES, MAX_REQUEST_FRAME_BYTES } from './frames.ts';
export {
  followIdentityChain,
  type HubIdentityChain,
  hubFingerprint,
  hubFingerprintOf,
  type IdentityPurpose,
  MAX_IDENTITY_CHAIN,
  rawIdentityKey,
  signByIdentity,
  verifyByIdentity,
} from './hub-identity.ts';
export { derSignature, fromBase64url, jsonFromBase64url, jsonToBase64url } from './jose.ts';
export {
  isOlder,
  type ListedPackage,
  MAX_SUMS_BYTES,
  newestVersionPayload,
  PACKAGES_PATH,
  type PackageFormat,
  packagesAmong,
  parseSums,
  SIGNATURE_FILE,
  SUMS_FILE,
  SUMS_TRUSTED_COMMENT,
} from './packages.ts';
export { type PasswordRules, passwordRules } from './password-rules.ts';
export { accountNameOf, claimsOfProfile } from './profile-claims.ts';
export {
  answerName,
  type ChangePasswordClaims,
  claimsOf,
  type ListGroupsClaims,
  type LoginClaims,
  type PasswordTimesClaims,
  pidOf,
  REQUEST_NAMES,
  type RequestClaims,
  type RequestName,
  type SearchUsersClaims,
} from './requests.ts';
export {
  answerSession,
  offerSession,
  type SessionAnswer,
  type SessionClaim,
  type SocketSession,
  sessionAnswer,
  sessionClaim,
} from './session.ts';
export { msSince, type Step, timed } from './steps.ts';
export {
  AGENT_TOKEN_LIFETIME_SECONDS,
  type AgentInstance,
  type AuthenticationFailureReason,
  agentInstance,
  authenticatedPayload,
  authenticatePayload,
  authenticationFailurePayload,
  CLOCK_SKEW_TOLERANCE_MS,
  clockAnswer,
  connectionName,
  DEFAULT_CLOCK_SKEW_LIMIT_SECONDS,
  HUB_TOKEN_ALGORITHMS,
  jwksDocument,
  type Registration,
  registration,
  registrationAnswer,
  requestPayload,
  type TicketInfo,
  ticketInfo,
} from './ticket.ts';
export { foldedName, namesIn, shortName } from './user-names.ts';
