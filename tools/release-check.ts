/**
 * `npm run release-check`: checks of third-party packages before a release. Verifies hashes and licences from the lock file, and the
 * registry's signatures of the installed packages, which needs network access.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isAllowed, thirdPartyPackages } from './licences.ts';

const ROOT = join(import.meta.dirname, '..');
const SIGNATURES_TIMEOUT_MS = 5 * 60_000;
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i;

const problems: string[] = [];
const packages = thirdPartyPackages(ROOT);
for (const { name, version, integrity } of packages) {
  if (!integrity?.startsWith('sha512-')) problems.push(`${name} ${version} has no SHA-512 hash in package-lock.json`);
}
for (const each of packages)
  if (!isAllowed(each)) problems.push(`${each.name} ${each.version}: licence ${each.licence ?? 'unknown'} is not allowed`);
console.log(`${packages.length} packages: hashes and licences checked`);

const tests = spawnSync(process.execPath, ['--test', '--test-reporter=dot', 'tools/lock-file.test.ts', 'tools/licences.test.ts'], {
  cwd: ROOT,
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (tests.status !== 0) problems.push('tools/lock-file.test.ts or tools/licences.test.ts fails');

const audit = spawnSync('npm', ['audit', 'signatures', '--fetch-retries=1', '--fetch-timeout=20000'], {
  cwd: ROOT,
  encoding: 'utf8',
  timeout: SIGNATURES_TIMEOUT_MS,
});
const said = `${audit.stdout}${audit.stderr}`.trim();
if (audit.status === 0) console.log(said);
else if (audit.error !== undefined || OFFLINE.test(said)) problems.push('signatures not verified: the registry cannot be reached');
else problems.push(`npm audit signatures failed:\n${said}`);

for (const problem of problems) console.error(`- ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
