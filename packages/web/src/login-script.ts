/** The script of login pages, and what it reads from them. Every page works without it. */
import { readFileSync } from 'node:fs';
import { html } from 'hono/html';
import { createAsset } from './assets.ts';
import type { Speech } from './languages.ts';
import type { Html } from './page.ts';

/** Shows a typed password, says that Caps Lock is on, and counts down a time to wait. */
export const LOGIN_SCRIPT = createAsset('login.js', readFileSync(new URL('./assets/login.js', import.meta.url), 'utf8'));

/** Attributes of a form with passwords: the texts that the script shows. */
export function scriptTexts({ say }: Speech): Html {
  return html` data-show="${say('showPassword')}" data-hide="${say('hidePassword')}" data-caps-lock="${say('capsLock')}"`;
}

/**
 * A sentence with the time to wait, which the script counts down. Screen readers read the sentence once, not every second, and are told when
 * the time is over.
 */
export function waitText({ say, duration }: Speech, seconds: number): Html {
  const text = say('tryAgainIn', { time: duration(seconds) });
  return html`<span aria-hidden="true" data-wait="${Math.ceil(seconds)}" data-text="${say('tryAgainIn', { time: '{time}' })}" data-over="${say('tryAgainNow')}">${text}</span><span class="for-ears">${text}</span>`;
}
