/**
 * `NODE_TLS_REJECT_UNAUTHORIZED=0` makes Node.js accept every certificate. Environments of replaced connectors set it. Both programs verify
 * certificates in spite of it: the variable is removed at start-up, which also avoids Node's warning that connections are insecure.
 */
const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED';

let wasDisabled = false;

export function requireTlsVerification(): void {
  wasDisabled ||= process.env[VARIABLE] === '0';
  delete process.env[VARIABLE];
}

/** @param instead what to do to trust a private CA @returns undefined unless the environment tried to disable verification */
export function tlsVerificationWarning(instead: string): string | undefined {
  return wasDisabled ? `${VARIABLE}=0 has no effect: certificates are always verified. ${instead}, and remove the variable` : undefined;
}
