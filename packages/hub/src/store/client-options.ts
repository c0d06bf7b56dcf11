/**
 * All options that extend what a client may do beyond the code flow with PKCE. They are off by default. This list generates the schema of changes, the
 * stored form, the options of `landbridge-hub client`, the dashboard's form, the API fields and `docs/hub-configuration.md`.
 */
import { z } from 'zod';

interface Texts {
  /** The label in the dashboard's form. */
  label: string;
  /** The effect, for operators. One sentence each, without Markdown. */
  description: string;
  /** Shown wherever the option is displayed while it is on. */
  warning?: string;
}

const MAX_ENTRIES = 50;
const MAX_LENGTH = 2000;

const toggle = (texts: Texts) => ({ kind: 'switch' as const, given: z.boolean(), kept: z.boolean().default(false), ...texts });

const list = (texts: Texts) => ({
  kind: 'list' as const,
  given: z
    .array(z.string().max(MAX_LENGTH))
    .max(MAX_ENTRIES)
    .transform((entries) => [...new Set(entries)]),
  kept: z.array(z.string()).default([]),
  ...texts,
});

const text = (texts: Texts) => ({ kind: 'text' as const, given: z.string().max(MAX_LENGTH), kept: z.string().default(''), ...texts });

/** In the order of forms and documents. */
const CLIENT_OPTIONS = {
  allowMissingPkce: toggle({
    label: 'Allow sign-ins without PKCE',
    description:
      'For an application with a client secret that does not support PKCE. If it does send a code challenge, the challenge is enforced.',
    warning:
      'Sign-ins without PKCE are allowed: a leaked code can be injected into another user’s session unless the application checks state and nonce. Switch this off when the application supports PKCE.',
  }),
  deviceFlow: toggle({
    label: 'Device sign-in',
    description: 'For a device without a browser or keyboard: it shows a code that the user enters on another device (RFC 8628).',
    warning:
      'Device sign-in is allowed: an attacker can start one and talk a user into entering its code. Tell users to enter only codes that their own device shows.',
  }),
  introspectOthers: toggle({
    label: 'Introspect tokens of other applications',
    description:
      'For an API: it may ask whether a token of any application is valid, and whose it is. If off, only its own tokens (RFC 7662).',
    warning: 'It can read the state and the user of every application’s tokens that it receives.',
  }),
  corsOrigins: list({
    label: 'Origins of browser applications',
    description:
      'Origins such as https://app.example whose scripts may call the token and revocation endpoints. The origins of a public application’s redirect URIs are always allowed.',
  }),
  apis: list({
    label: 'APIs',
    description:
      'Each entry is the identifier (URI) of an API, such as https://api.example, and after spaces the scopes that the application may request there. It gets access tokens for these APIs only (RFC 8707, RFC 9068).',
  }),
  backchannelLogoutUri: text({
    label: 'Back-channel logout address',
    description: 'The hub posts a logout token there when the user signs out (OpenID Connect Back-Channel Logout).',
  }),
};

export type ClientOption = (typeof CLIENT_OPTIONS)[keyof typeof CLIENT_OPTIONS];

function shapeOf<L extends Record<string, ClientOption>, S extends 'given' | 'kept'>(fields: L, side: S): { [N in keyof L]: L[N][S] } {
  // The result has one schema for each key of the list.
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field[side]])) as { [N in keyof L]: L[N][S] };
}

/** Options as stored. Missing ones are off. */
export const keptClientOptions = z.object(shapeOf(CLIENT_OPTIONS, 'kept'));
export type ClientOptions = Readonly<z.infer<typeof keptClientOptions>>;

/** Validates a change of some or all options. Unknown fields are rejected. */
export const clientOptionChanges = z.strictObject(shapeOf(CLIENT_OPTIONS, 'given')).partial();
export type ClientOptionChanges = z.infer<typeof clientOptionChanges>;

/** @returns options with their names, in the order of the list */
export function clientOptionFields(): (ClientOption & { name: keyof ClientOptions })[] {
  // Object.entries loses the key type.
  return Object.entries(CLIENT_OPTIONS).map(([name, field]) => ({ name: name as keyof ClientOptions, ...field }));
}

/** The names of options that are on and have a warning, with the warning. */
export function clientWarnings(options: ClientOptions): string[] {
  return clientOptionFields().flatMap(({ name, warning }) => (options[name] === true && warning !== undefined ? [warning] : []));
}
