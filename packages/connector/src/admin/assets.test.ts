import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { defaultProfile } from '../users/mapper/default-mapper.ts';
import { createProfileMapper } from '../users/mapper/profile-mapper.ts';
import { DEFAULT_MAPPER_SOURCE, EDITOR_MODULES, EDITOR_SCRIPT, editorModule } from './assets.ts';

test('serves every module that the editor imports, directly or not', () => {
  const texts = [EDITOR_SCRIPT.text, ...Object.values(EDITOR_MODULES).map((path) => editorModule(path) ?? assert.fail(path))];
  const imported = texts.flatMap((text) =>
    [...text.matchAll(/^\s*(?:import|export)\b[^'"\n]*from ['"]([^'"]+)['"]/gm)].map(([, name = '']) => name),
  );
  assert.ok(imported.length > 20);
  assert.deepEqual(
    imported.filter((name) => EDITOR_MODULES[name] === undefined),
    [],
  );
  assert.equal(editorModule('/assets/modules/hono.js'), undefined);
});

test('the mapper to start from returns the same profiles as the default one', async () => {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const mapper = createProfileMapper({
    source: `${DEFAULT_MAPPER_SOURCE}void 'not recognised, so run';`,
    timeoutMs: 10_000,
    memoryLimitMb: 16,
    log,
  });
  try {
    for (const raw of [
      {
        dn: 'cn=a',
        uid: 'a',
        cn: 'A',
        sn: 'Last',
        givenName: 'First',
        mail: 'a@example.com',
        groups: ['x'],
        organizationUnits: ['people'],
      },
      {
        dn: 'cn=b',
        objectGUID: 'guid',
        cn: 'b',
        mail: [],
        displayName: '',
        groups: [],
        department: ['one', 'two'],
        passwordExpiresAt: '2026-01-01',
      },
      { cn: 'c' },
    ]) {
      assert.deepEqual(JSON.parse(JSON.stringify(await mapper.map(raw))), JSON.parse(JSON.stringify(defaultProfile(raw))));
    }
  } finally {
    await mapper.close();
  }
});
