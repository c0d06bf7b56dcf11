/**
 * The contract between connector and hub as schemas and types: frames, requests and their answers, wire errors, tickets and
 * provisioning, capabilities. Both programs import it; it imports neither, and does no input or output.
 */
export { CAPABILITIES, type Capability, knownCapabilities } from './capabilities.ts';
export { decodeFrame, encodeFrame, type Frame, MAX_FRAME_BYTES, MAX_REQUEST_FRAME_BYTES } from './frames.ts';
export {
  type AuthenticateAnswer,
  answerName,
  type ChangePasswordClaims,
  claimsOf,
  type ListGroupsClaims,
  type LoginClaims,
  pidOf,
  REQUEST_NAMES,
  type RequestClaims,
  type RequestName,
  type SearchUsersClaims,
} from './requests.ts';
export {
  AGENT_TOKEN_LIFETIME_SECONDS,
  authenticatedPayload,
  authenticatePayload,
  CLOCK_SKEW_TOLERANCE_MS,
  clockAnswer,
  connectionName,
  HUB_TOKEN_ALGORITHMS,
  jwksDocument,
  type Registration,
  registration,
  registrationAnswer,
  requestPayload,
  type TicketInfo,
  ticketInfo,
} from './ticket.ts';
export {
  isWireErrorName,
  LDAP_STATUS,
  type Profile,
  profileSchema,
  UNEXPECTED_ERROR,
  WIRE_ERRORS,
  type WireError,
  type WireErrorName,
  wireError,
} from './wire-errors.ts';
