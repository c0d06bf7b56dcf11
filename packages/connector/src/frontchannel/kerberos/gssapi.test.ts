/** Where the optional package for Kerberos is missing, or was not compiled. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

test('a package that is missing is said with what to do, and nothing else of the connector needs it', async () => {
  // In a process of its own, whose Node finds no such package.
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { if (name === 'kerberos') throw new Error('no such package'); return next(name, context); } });`;
  const program = `
    const { loadGssapi } = await import(${JSON.stringify(new URL('./gssapi.ts', import.meta.url).href)});
    await import(${JSON.stringify(new URL('../front-channel.ts', import.meta.url).href)});
    await loadGssapi('/none').catch(({ code, message, action }) => console.log(JSON.stringify({ code, message, action })));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    `--import=data:text/javascript,${encodeURIComponent(hook)}`,
    '--input-type=module',
    `--eval=${program}`,
  ]);
  const { code, message, action } = JSON.parse(stdout);
  assert.equal(code, 'KERBEROS_UNAVAILABLE');
  assert.match(message, /not installed, or not compiled/);
  assert.match(action, /npm rebuild kerberos/);
});
