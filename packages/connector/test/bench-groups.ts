/**
 * `node --expose-gc packages/connector/test/bench-groups.ts`: the cost of finding a user's groups. On Samba's domain controller the floor is
 * the in-chain query with the same result, in the same run; a directory of 100,000 users and 20,000 groups shows the effect of size. It
 * asserts nothing.
 */
import { createDomain, type DirectoryEntry, startDirectory } from '@landbridge/directory';
import { startSambaDomainController, whyNoSamba } from '@landbridge/lab';
import { request, type UsersOn, usersOn } from './users-on.ts';

const IN_CHAIN = '(member:1.2.840.113556.1.4.1941:={0})';

/** Milliseconds for the groups alone, without finding the user and making the profile. */
async function groupsMs({ users }: UsersOn, name: string): Promise<{ ms: number; outcome: string }> {
  const steps: { name: string; ms: number; outcome: string }[] = [];
  await users.inspect(name, { ...request(), onStep: (step) => steps.push(step) });
  const { ms, outcome } = steps.find((step) => step.name === 'groups') ?? { ms: Number.NaN, outcome: 'not found' };
  return { ms, outcome };
}

async function benchSamba(): Promise<void> {
  const reason = whyNoSamba();
  if (reason) return console.log(`Samba: ${reason}`);
  await using dc = await startSambaDomainController();
  const target = { url: dc.ldapsUrl, ca: dc.caPem, serviceAccount: dc.serviceAccount };
  console.log('user          groups             first ms  next ms  in-chain ms  share');
  for (const user of ['alice', 'alice', 'bob', 'carol', 'own-primary', 'turkish', 'no-upn', 'deep', 'many-groups'] as const) {
    const { name } = dc.users[user];
    // A separate connector for each user, so that nothing is cached.
    const [walk, query] = [usersOn(target), usersOn(target, { LDAP_SEARCH_GROUPS: IN_CHAIN, GROUPS_CACHE_SECONDS: 0 })];
    await Promise.all([walk.directory.rootDse(), query.directory.rootDse()]);
    const first = await groupsMs(walk, name);
    const next = await groupsMs(walk, name);
    const floor = await groupsMs(query, name);
    await Promise.all([walk.close(), query.close()]);
    const columns = [first.ms.toFixed(1).padStart(8), next.ms.toFixed(2).padStart(7), floor.ms.toFixed(0).padStart(11)];
    console.log(`${user.padEnd(15)} ${first.outcome.padEnd(18)} ${columns.join('  ')}  ${((100 * first.ms) / floor.ms).toFixed(1)} %`);
  }
}

const USERS = 100_000;
const GROUPS = 20_000;
const SAMPLE = 500;

/** Each group is in two earlier ones, each user in ten; the same in every run. */
async function benchSize(): Promise<void> {
  let state = 1;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const domain = createDomain();
  const groups: DirectoryEntry[] = [];
  for (let i = 0; i < GROUPS; i++) {
    const group = domain.addGroup(`group-${i}`);
    for (let k = 0; k < 2 && i > 0; k++) if (i % 100 !== 0) domain.addMember(groups[i - 1 - random(i % 100)] ?? group, group);
    groups.push(group);
  }
  for (let i = 0; i < USERS; i++) {
    const user = domain.addUser(`user-${i}`);
    for (let k = 0; k < 10; k++) domain.addMember(groups[random(GROUPS)] ?? assertNever(), user);
  }
  const embedded = await startDirectory({ domain });
  const on = usersOn({ url: embedded.url, serviceAccount: embedded.serviceAccount });
  await on.directory.rootDse();
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  console.log(`\n${USERS} users, ${GROUPS} groups (embedded directory, in this process)`);
  for (const what of ['first', 'next']) {
    const searches = embedded.operations.counts.search;
    const took: number[] = [];
    let found = 0;
    for (let i = 0; i < SAMPLE; i++) {
      const { ms, outcome } = await groupsMs(on, `user-${i * 7}`);
      took.push(ms);
      found += Number.parseInt(outcome, 10);
    }
    took.sort((a, b) => a - b);
    const at = (share: number) => (took[Math.floor(took.length * share)] ?? Number.NaN).toFixed(2);
    const asked = (embedded.operations.counts.search - searches - SAMPLE) / SAMPLE;
    console.log(
      `${what}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${asked.toFixed(2)} searches for ${(found / SAMPLE).toFixed(0)} groups a user`,
    );
  }
  global.gc?.();
  console.log(`remembered: about ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MB more in memory than before`);
  await on.close();
  await embedded.stop();
}

function assertNever(): never {
  throw new Error('there is no such group');
}

await benchSamba();
await benchSize();
