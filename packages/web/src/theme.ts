/** Light, dark, or as the system has it: chosen by a form that works without scripts, and remembered by a cookie. */
import type { Context, Env, Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { html } from 'hono/html';
import type { Html } from './page.ts';

const THEMES = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

type Theme = (typeof THEMES)[number][0];

/** Not `__Host-`: it is no secret, and a planted one changes colours only. */
const COOKIE = 'landbridge-theme';
const YEAR_SECONDS = 365 * 86_400;

export function themeOf(c: Context): Theme {
  const [, found] = /(?:^|; ?)landbridge-theme=(\w+)/.exec(c.req.header('Cookie') ?? '') ?? [];
  return THEMES.find(([name]) => name === found)?.[0] ?? 'system';
}

/** @param base the path of the site */
export function themeSwitch(c: Context, base: string): Html {
  const current = themeOf(c);
  return html`<form class="theme" method="post" action="${base}/theme/system"><div role="group" aria-label="Colours">
${THEMES.map(
  ([name, label]) =>
    html`<button class="plain" formaction="${base}/theme/${name}" aria-pressed="${String(name === current)}">${label}</button>`,
)}</div></form>`;
}

/**
 * Needs no session and no token: a forged form could only change the colours.
 *
 * @param backTo the page that the form was on
 */
export function addThemeRoutes<E extends Env>(app: Hono<E>, backTo: (c: Context) => string): void {
  for (const [name] of THEMES) {
    app.post(`/theme/${name}`, (c) => {
      setCookie(c, COOKIE, name, { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: YEAR_SECONDS });
      return c.redirect(backTo(c), 303);
    });
  }
}
