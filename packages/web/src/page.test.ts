import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from 'hono/html';
import { page } from './page.ts';

test('a page shows characters that would reverse the text after them as escapes', async () => {
  const name = 'gpj.\u202eexe\u2066\u0085';
  const text = await page({ title: name, main: html`<p>${name}</p>\n` }).html;
  assert.match(text, /<p>gpj\.\\u202eexe\\u2066\\u0085<\/p>\n/);
  assert.doesNotMatch(text, /[\p{Bidi_Control}\u0085]/u);
});
