/**
 * What the next page of a sign-in shows, kept in the browser between a form and the page after it, so that each form is answered with a
 * redirect: the connection, the typed name, and the last problem. It never contains a password.
 */
import { passwordRules } from '@landbridge/protocol';
import { LANGUAGES, type PlainKey } from '@landbridge/web';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import { openedValue, sealedValue } from '../oidc/sealed-value.ts';

const COOKIE = 'landbridge_login';
/** Longer than a sign-in lasts, so that a page left open can say what became of it. */
const LIFETIME_SECONDS = 24 * 60 * 60;
/** Names that users type are shorter; a longer one would not fit into a cookie. */
const MAX_NAME_LENGTH = 512;

const view = z.object({
  /** The last component of the path of the page; empty for the first page. */
  step: z.enum(['', 'choice', 'sign-in', 'new-password', 'cannot-change']).default(''),
  connection: z.string().optional(),
  username: z.string().default(''),
  problem: z.custom<PlainKey>((text) => typeof text === 'string' && Object.hasOwn(LANGUAGES.en, text)).optional(),
  /** When the next attempt is admitted. */
  retryAtMs: z.number().optional(),
  note: z.literal('changed').optional(),
  reason: z.enum(['password_expired', 'password_change_required']).optional(),
  rules: passwordRules.optional(),
  /** Of the refused sign-in, which the page names in a header. */
  correlationId: z.string().optional(),
  clientId: z.string().optional(),
  /** The user was signed in, or cancelled. */
  finished: z.boolean().default(false),
});
export type LoginView = z.infer<typeof view>;
export type LoginStep = LoginView['step'];

export interface LoginViews {
  /** @returns undefined if this browser has none */
  read(c: Context, interaction: string): LoginView | undefined;
  write(c: Context, interaction: string, view: Partial<LoginView>): void;
}

export function createLoginViews({
  keys,
  path,
  isSecure,
}: {
  keys: () => readonly string[];
  path: (interaction: string) => string;
  isSecure: () => boolean;
}): LoginViews {
  return {
    read(c, interaction) {
      const sealed = getCookie(c, COOKIE);
      if (sealed === undefined) return undefined;
      return view.safeParse(openedValue(keys(), `login ${interaction}`, sealed)).data;
    },
    write(c, interaction, { username = '', ...rest }) {
      const kept = { ...rest, username: username.length > MAX_NAME_LENGTH ? '' : username };
      const sealed = sealedValue(keys(), `login ${interaction}`, kept);
      if (sealed === undefined) return;
      setCookie(c, COOKIE, sealed, {
        path: path(interaction),
        secure: isSecure(),
        httpOnly: true,
        sameSite: 'Lax',
        maxAge: LIFETIME_SECONDS,
      });
    },
  };
}
