import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Setting } from '@landbridge/runtime';
import { SETTINGS } from './settings.ts';

it('every setting has a label of its own, in words', () => {
  const labels = new Map<string, string>();
  for (const [name, { label }] of Object.entries<Setting<never> | Setting<unknown>>(SETTINGS)) {
    assert.match(label ?? '', /^[A-Z][\w ,()#.-]{2,49}$/i, name);
    assert.equal(labels.get(label ?? ''), undefined, name);
    labels.set(label ?? '', name);
  }
});
