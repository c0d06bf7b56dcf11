/**
 * The one list of what an operator sets for a connection. The schema of changes, what the store keeps, the options of
 * `landbridge-hub connection`, the dashboard's form, the API and `docs/hub-configuration.md` come from it.
 */
import { domainToASCII } from 'node:url';
import { canonicalRange } from '@landbridge/runtime';
import { accentProblem } from '@landbridge/web';
import { z } from 'zod';

interface Texts {
  /** In the dashboard's form. */
  label: string;
  /** For operators: what it does. One sentence each; no Markdown. */
  description: string;
}

/** RFC 1035, section 2.3.4. */
const MAX_DOMAIN_LENGTH = 253;
const NOT_IN_HOST = /[\s/?#:@\\%[\]]/;
const DOMAIN_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_TEXT_LENGTH = 100;
const MAX_LINK_LENGTH = 500;
const MAX_ENTRIES = 200;
/** Control characters, line separators and marks that change the direction of text: the name appears on pages and in terminals. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** `given` reads a value from outside and normalizes it; `kept` reads the store, which may be from an earlier version. */
const toggle = (fallback: boolean, texts: Texts) => ({
  kind: 'switch' as const,
  given: z.boolean(),
  kept: z.boolean().default(fallback),
  ...texts,
});

const text = (texts: Texts) => ({
  kind: 'text' as const,
  given: z
    .string()
    .trim()
    .max(MAX_TEXT_LENGTH, `must have at most ${MAX_TEXT_LENGTH} characters`)
    .refine((given) => !NOT_PRINTABLE.test(given), 'must have printable characters only')
    .nullable()
    .transform((given) => (given === null || given === '' ? undefined : given)),
  kept: z.string().optional(),
  ...texts,
});

const link = (texts: Texts) => ({
  kind: 'text' as const,
  given: z
    .string()
    .trim()
    .max(MAX_LINK_LENGTH, `must have at most ${MAX_LINK_LENGTH} characters`)
    .refine((given) => given === '' || isHttpsLink(given), 'must be an address that begins with https://')
    .nullable()
    .transform((given) => (given === null || given === '' ? undefined : new URL(given).href)),
  kept: z.string().optional(),
  ...texts,
});

const accent = (theme: 'light' | 'dark', texts: Texts) => ({
  kind: 'text' as const,
  given: z
    .string()
    .trim()
    .toLowerCase()
    .superRefine((given, context) => {
      const problem = given === '' ? undefined : accentProblem(theme, given);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .nullable()
    .transform((given) => (given === null || given === '' ? undefined : given)),
  kept: z.string().optional(),
  ...texts,
});

/** Without a password, which some browsers would send along. */
function isHttpsLink(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}

const list = (canonical: (entry: string) => string | undefined, rule: string, texts: Texts) => ({
  kind: 'list' as const,
  given: z
    .array(
      z.string().transform((entry, context) => {
        const found = canonical(entry);
        if (found === undefined) context.addIssue({ code: 'custom', message: rule });
        return found ?? '';
      }),
    )
    .max(MAX_ENTRIES, `must have at most ${MAX_ENTRIES} entries`)
    .transform((entries) => [...new Set(entries)]),
  kept: z.array(z.string()).default([]),
  ...texts,
});

/** In the order of forms and documents. */
export const CONNECTION_SETTINGS = {
  displayName: text({
    label: 'Display name',
    description: 'The name that users see on the login page. Unset: the name of the connection.',
  }),
  forgotPasswordUrl: link({
    label: '“Forgot your password?”',
    description: 'Where users can reset their password; https only. The login page links to it. Unset: no link.',
  }),
  helpUrl: link({ label: 'Help', description: 'Where users get help; https only. The login page links to it. Unset: no link.' }),
  privacyUrl: link({
    label: 'Privacy notice',
    description: 'Your privacy notice; https only. The login page links to it. Unset: no link.',
  }),
  accentColour: accent('light', {
    label: 'Colour of buttons and links',
    description:
      'The colour of buttons and links on the login page, such as #0b5cad. Rejected if its contrast is below 4.5:1. Unset: the colour of Landbridge.',
  }),
  accentColourDark: accent('dark', {
    label: 'Colour in dark mode',
    description:
      'The colour of buttons and links for users whose system is dark, such as #6db3f8. Rejected if its contrast is below 4.5:1. Unset: the colour of Landbridge.',
  }),
  footerText: text({
    label: 'Footer',
    description: 'A line at the bottom of the login page, such as the name of your organisation. Unset: no line.',
  }),
  emailDomains: list(canonicalDomain, 'must be a domain such as fabrikam.com', {
    label: 'E-mail domains',
    description:
      'Users who type an e-mail address in one of these domains, such as fabrikam.com, are sent to this connection. A domain belongs to one connection only.',
  }),
  listed: toggle(true, {
    label: 'Offered on the login page',
    description:
      'Users whose name selects no connection choose from a list, which shows this one. Off: outsiders do not learn of it, and its users need an e-mail domain, or an application that asks for it.',
  }),
  emailVerified: toggle(false, {
    label: 'E-mail addresses are verified',
    description:
      'Applications read that addresses in the e-mail domains of this connection are verified. Only if users cannot change their own address in the directory: some applications link accounts by it.',
  }),
  ipRanges: list(canonicalRange, 'must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32', {
    label: 'IP ranges',
    description: 'Addresses such as 10.0.0.0/8 or 2001:db8::/32 whose users sign in by Kerberos or client certificate, if either is on.',
  }),
  kerberos: toggle(false, { label: 'Kerberos', description: 'Users in the IP ranges sign in with their Windows session.' }),
  certAuth: toggle(false, { label: 'Client certificates', description: 'Users in the IP ranges sign in with a client certificate.' }),
  credentialCache: toggle(true, {
    label: 'Credential cache',
    description: 'Lets users who signed in recently keep signing in during an outage.',
  }),
  cacheOpen: toggle(false, {
    label: 'Open the cache now',
    description:
      'The credential cache answers whenever no directory does, without waiting for an outage to last. Switch it off after the outage.',
  }),
  cacheClosed: toggle(false, {
    label: 'Close the cache now',
    description: 'No user signs in from the credential cache. Its entries stay.',
  }),
  approveConnectors: toggle(false, {
    label: 'Approve connectors',
    description: 'A connector with a new key receives no requests until an operator approves it, even if it has an unused ticket.',
  }),
};

/** With the switch of the connection itself, which is kept beside the settings. */
export const CONNECTION_FIELDS = {
  enabled: toggle(true, {
    label: 'Enabled',
    description: 'Off: users cannot sign in through this connection, but its connectors stay connected.',
  }),
  ...CONNECTION_SETTINGS,
};

export type ConnectionField = (typeof CONNECTION_FIELDS)[keyof typeof CONNECTION_FIELDS];

function shapeOf<L extends Record<string, ConnectionField>, S extends 'given' | 'kept'>(fields: L, side: S): { [N in keyof L]: L[N][S] } {
  // The result has a schema for each key of the list.
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field[side]])) as { [N in keyof L]: L[N][S] };
}

/** Settings as the store keeps them; missing ones get their default. */
export const keptConnectionSettings = z.object(shapeOf(CONNECTION_SETTINGS, 'kept'));
export type ConnectionSettings = Readonly<z.infer<typeof keptConnectionSettings>>;

/** A change from outside: any of the fields, and nothing else. */
export const connectionChanges = z.strictObject(shapeOf(CONNECTION_FIELDS, 'given')).partial();

/** @returns fields with their names, in the order of the list */
export function connectionFields(fields: Record<string, ConnectionField> = CONNECTION_FIELDS): (ConnectionField & { name: string })[] {
  return Object.entries(fields).map(([name, field]) => ({ name, ...field }));
}

/** @returns the option of the command line: `ipRanges` is `--ip-ranges` */
export function optionOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * @param given with or without an @ before it; with letters of any language (IDNA, UTS 46)
 * @returns the domain in lower-case ASCII; undefined if it is invalid, or a top-level domain, which no organisation owns
 */
export function canonicalDomain(given: string): string | undefined {
  const typed = given.trim().replace(/^@/, '');
  // `domainToASCII` reads a URL's host, and drops what may follow one.
  const domain = NOT_IN_HOST.test(typed) ? '' : domainToASCII(typed);
  const labels = domain.split('.');
  const isDomain = labels.length >= 2 && domain.length <= MAX_DOMAIN_LENGTH && labels.every((label) => DOMAIN_LABEL.test(label));
  // The last label of a domain is never a number (RFC 3696, section 2): that is an IP address.
  return isDomain && !/^\d+$/.test(labels.at(-1) ?? '') ? domain : undefined;
}
