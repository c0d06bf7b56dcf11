/**
 * The one list of what a client may do beyond the code flow with PKCE. Everything is off until an operator chooses it. The schema of changes, what
 * the store keeps, the options of `landbridge-hub client`, the dashboard's form, the API and `docs/hub-configuration.md` come from it.
 */
import { z } from 'zod';

interface Texts {
  /** In the dashboard's form. */
  label: string;
  /** For operators: what it does. One sentence each; no Markdown. */
  description: string;
  /** Shown wherever the option is on, as long as it is on. */
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
export const CLIENT_OPTIONS = {
  allowMissingPkce: toggle({
    label: 'Allow sign-ins without PKCE',
    description: 'For an application with a secret that cannot do PKCE. A code challenge that it does send is enforced.',
    warning:
      'Sign-ins without PKCE are allowed: a code that leaks can be injected into another user’s session unless the application checks state and nonce. Switch this off when the application learns PKCE.',
  }),
  deviceFlow: toggle({
    label: 'Device sign-in',
    description: 'For a device without a browser or keyboard: it shows a code that the user enters on another device (RFC 8628).',
    warning:
      'Device sign-in is allowed: an attacker can start one and talk a user into entering its code. Tell users to enter only codes that their own device shows.',
  }),
  introspectOthers: toggle({
    label: 'Introspect tokens of other applications',
    description: 'For an API: it may ask whether any application’s token is valid, and whose it is. Without it only its own (RFC 7662).',
    warning: 'It can read the state and the user of every application’s tokens that it receives.',
  }),
  corsOrigins: list({
    label: 'Origins of browser applications',
    description:
      'Origins such as https://app.example whose scripts may call the token and revocation endpoints. A public application’s redirect URIs count anyway.',
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
  // The result has a schema for each key of the list.
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field[side]])) as { [N in keyof L]: L[N][S] };
}

/** Options as the store keeps them; missing ones are off. */
export const keptClientOptions = z.object(shapeOf(CLIENT_OPTIONS, 'kept'));
export type ClientOptions = Readonly<z.infer<typeof keptClientOptions>>;

/** A change from outside: any of the options, and nothing else. */
export const clientOptionChanges = z.strictObject(shapeOf(CLIENT_OPTIONS, 'given')).partial();
export type ClientOptionChanges = z.infer<typeof clientOptionChanges>;

/** @returns options with their names, in the order of the list */
export function clientOptionFields(): (ClientOption & { name: keyof ClientOptions })[] {
  // The keys of an object literal.
  return Object.entries(CLIENT_OPTIONS).map(([name, field]) => ({ name: name as keyof ClientOptions, ...field }));
}

/** Names of the options that are on, each with its warning. */
export function clientWarnings(options: ClientOptions): string[] {
  return clientOptionFields().flatMap(({ name, warning }) => (options[name] === true && warning !== undefined ? [warning] : []));
}
