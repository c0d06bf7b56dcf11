/** What an operator sets for a connection: the defaults, and reading a change from outside. */
import { CodedError, canonicalRange } from '@landbridge/runtime';
import { z } from 'zod';
import type { ConnectionSettings } from '../store/connections.ts';
import { canonicalDomain } from './email-domains.ts';

/** What a new connection begins with: sign-in by password for everybody, with the credential cache for outages. */
export const DEFAULT_SETTINGS: ConnectionSettings = {
  displayName: undefined,
  kerberos: false,
  certAuth: false,
  ipRanges: [],
  credentialCache: true,
  emailDomains: [],
  approveConnectors: false,
};

const MAX_DISPLAY_NAME_LENGTH = 100;
const MAX_RANGES = 200;
const MAX_DOMAINS = 200;

/** It stands on pages and in terminals: nothing that moves the cursor, breaks the line or turns the direction of what follows. */
const displayName = z
  .string()
  .trim()
  .max(MAX_DISPLAY_NAME_LENGTH, `must have at most ${MAX_DISPLAY_NAME_LENGTH} characters`)
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u, 'must have printable characters only')
  .nullable()
  .transform((name) => (name === null || name === '' ? undefined : name));

/** Each in its one spelling, none twice. */
const listOf = (canonical: (text: string) => string | undefined, problem: string, max: number) =>
  z
    .array(
      z.string().transform((text, context) => {
        const found = canonical(text);
        if (found === undefined) context.addIssue({ code: 'custom', message: problem });
        return found ?? '';
      }),
    )
    .max(max, `must have at most ${max} entries`)
    .transform((entries) => [...new Set(entries)]);

const changesSchema = z
  .strictObject({
    enabled: z.boolean(),
    displayName,
    kerberos: z.boolean(),
    certAuth: z.boolean(),
    ipRanges: listOf(canonicalRange, 'must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32', MAX_RANGES),
    credentialCache: z.boolean(),
    emailDomains: listOf(canonicalDomain, 'must be a domain such as fabrikam.com', MAX_DOMAINS),
    approveConnectors: z.boolean(),
  })
  .partial();

export type ConnectionChanges = z.infer<typeof changesSchema>;

/**
 * @returns the change, each value in its one spelling
 * @throws CodedError INVALID_REQUEST, which names the field and never its value
 */
export function readConnectionChanges(given: unknown): ConnectionChanges {
  const result = changesSchema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    if (key === 'name') {
      throw new CodedError('INVALID_REQUEST', 'The field "name" cannot be changed', {
        action: 'Tokens and tickets carry it. Change "displayName", which people see.',
      });
    }
    throw new CodedError('INVALID_REQUEST', `The field "${key.slice(0, 64)}" is no setting of a connection`);
  }
  const field = issue?.path.join('.') ?? '';
  throw new CodedError('INVALID_REQUEST', `${field === '' ? 'The body' : `The field "${field}"`}: ${issue?.message ?? 'is wrong'}`);
}
