import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

test('reports the missing package and how to install it; nothing else of the connector needs it', async () => {
  // In a process that cannot resolve the package.
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { if (name === 'koffi') throw new Error('no such package'); return next(name, context); } });`;
  const program = `
    const { openGssapi } = await import(${JSON.stringify(new URL('./gssapi.ts', import.meta.url).href)});
    const { openSspi } = await import(${JSON.stringify(new URL('./sspi.ts', import.meta.url).href)});
    await import(${JSON.stringify(new URL('../front-channel.ts', import.meta.url).href)});
    const shown = ({ code, message, action }) => ({ code, message, action });
    console.log(JSON.stringify([await openGssapi({ keytab: '/none' }).catch(shown), await openSspi().catch(shown)]));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    `--import=data:text/javascript,${encodeURIComponent(hook)}`,
    '--input-type=module',
    `--eval=${program}`,
  ]);
  const [byMitKerberos, byWindows] = JSON.parse(stdout);
  assert.equal(byMitKerberos.code, 'KERBEROS_UNAVAILABLE');
  assert.match(byMitKerberos.message, /"koffi" is not installed/);
  assert.match(byMitKerberos.action, /npm install --include=optional/);
  assert.deepEqual(byWindows, byMitKerberos);
});
