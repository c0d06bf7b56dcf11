/**
 * `npm run bench -- mapper`: the cost of a custom profile mapper. Runs the same sign-ins through connectors that differ only in the mapper. They take turns,
 * so that the load on the machine affects them equally. The floor is measured in the same run.
 */
import { startSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub } from '../programs.ts';
import type { FloorTask } from './floor.ts';
import type { HttpTask } from './http-load.ts';
import { startLoadProcess } from './load-process.ts';
import { memoryMb } from './process-usage.ts';

const IN_FLIGHT = 32;
const USERS = 1000;

/** A typical published mapper: a hash, filtered groups, a few names. */
const CUSTOM = `var crypto = require('crypto');
module.exports = function (raw) {
  var mail = [].concat(raw.mail || [])[0] || '';
  var profile = { id: raw.objectGUID || raw.uid, displayName: raw.displayName || raw.cn, name: { familyName: raw.sn, givenName: raw.givenName } };
  profile.emails = [{ value: mail.toLowerCase() }];
  profile.picture = 'https://www.gravatar.com/avatar/' + crypto.createHash('md5').update(mail.toLowerCase()).digest('hex');
  profile.groups = (raw.groups || []).filter(function (group) { return !/^Domain /.test(group); });
  ['dn', 'st', 'description', 'department', 'company', 'sAMAccountName', 'userPrincipalName', 'organizationUnits'].forEach(function (name) {
    profile[name] = raw[name];
  });
  profile.email_verified = true;
  return profile;
};`;
const SIMPLE = `module.exports = function (raw) { return { id: raw.uid, nickname: raw.cn, emails: [{ value: raw.mail }], groups: raw.groups }; };`;

const VARIANTS: Readonly<Record<string, object>> = {
  'no mapper': {},
  // Custom mappers read all attributes, which has a cost of its own.
  'no mapper, all attributes': { LDAP_USER_ATTRIBUTES: ['*'] },
  'simple mapper': { PROFILE_MAPPER: SIMPLE },
  'mapper with a hash': { PROFILE_MAPPER: CUSTOM },
};

export async function benchMapper(seconds: number, rounds: number): Promise<void> {
  await using slapd = await startSlapd({ users: USERS, log: false });
  await using hub = await startHub();
  await using started = new AsyncDisposableStack();
  const variants = [];
  for (const [name, settings] of Object.entries(VARIANTS)) {
    const connection = name.replace(/\W+/g, '-');
    const connector = started.use(
      await startConnector({
        ...directoryConfig(slapd, 'plain'),
        PROVISIONING_TICKET: await hub.createConnection(connection),
        ...settings,
      }),
    );
    await hub.untilConnectors(connection, 1);
    const { pid } = connector;
    if (pid === undefined) throw new Error('a connector ended before it was measured');
    const task: HttpTask = { loginUrl: `${hub.url}/api/connections/${connection}/login`, apiKey: hub.apiKey, users: slapd.users.ordinary };
    variants.push({ name, pid, cpu: [] as number[], failures: 0, load: await startLoadProcess('http-load.ts', task) });
  }
  const floorTask: FloorTask = { port: slapd.port, baseDn: slapd.baseDn, service: slapd.serviceAccount, users: slapd.users.ordinary };
  const floor = await startLoadProcess('floor.ts', floorTask);
  const floorCpu: number[] = [];
  const cell = { inFlight: IN_FLIGHT, searchGroups: false, seconds };
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'warm-up ...' : `round ${round} of ${rounds} ...`);
    const { usage } = await floor.run(cell, { floor: floor.pid });
    if (round > 0) floorCpu.push(usage.floor.cpuMsPerLogin);
    for (const variant of variants) {
      const { usage, failures } = await variant.load.run(cell, { connector: variant.pid });
      if (round > 0) variant.cpu.push(usage.connector.cpuMsPerLogin);
      variant.failures += failures;
    }
  }
  const base = median(variants[0]?.cpu ?? []);
  console.log(`${'floor'.padEnd(26)} ${median(floorCpu).toFixed(3)} ms`);
  for (const { name, pid, cpu, failures } of variants) {
    const { now, peak } = memoryMb(pid);
    console.log(
      `${name.padEnd(26)} ${median(cpu).toFixed(3)} ms  ${(median(cpu) - base).toFixed(3)} more  memory ${now.toFixed(0)} MB, peak ${peak.toFixed(0)} MB  failed ${failures}`,
    );
  }
  console.log(
    `CPU ms per sign-in of the connector with all its threads: the median of ${rounds} rounds of ${seconds} s, ${IN_FLIGHT} in flight.`,
  );
  floor.stop();
  for (const { load } of variants) load.stop();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
