/** Guesses from its first bytes what a browser sent after `Negotiate`. Only for better messages: the Kerberos library rejects everything else alike. */

export type TokenKind = 'kerberos' | 'ntlm' | 'other';

/** Mechanisms in a token (RFC 4178, section 4.2.1): Kerberos, Kerberos of Windows 2000, NTLM. */
const KERBEROS = [Buffer.from('06092a864886f712010202', 'hex'), Buffer.from('06092a864882f712010202', 'hex')];
const NTLM = Buffer.from('060a2b06010401823702020a', 'hex');
/** A bare NTLM message (MS-NLMP, section 2.2.1.1). */
const NTLM_SIGNATURE = Buffer.from('NTLMSSP\0');

/** The list of mechanisms comes first. */
const HEAD_BYTES = 256;

export function tokenKind(token: Buffer): TokenKind {
  if (token.subarray(0, NTLM_SIGNATURE.length).equals(NTLM_SIGNATURE)) return 'ntlm';
  const head = token.subarray(0, HEAD_BYTES);
  if (KERBEROS.some((mechanism) => head.includes(mechanism))) return 'kerberos';
  return head.includes(NTLM) ? 'ntlm' : 'other';
}
