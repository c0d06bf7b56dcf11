import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedFailure } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { login, ownChange, request } from '../../test/users-on.ts';
import type { HubUsers } from './dispatch.ts';
import { watchHubRequests } from './request-alarms.ts';

function watch() {
  const lines: string[] = [];
  const { log } = createLog({ level: 'warn', format: 'text', destination: { write: (line) => lines.push(line) } });
  const clock = { now: 0 };
  const users: HubUsers = {
    async authenticate({ username, password }) {
      if (username.startsWith('unknown')) return { failure: namedFailure('WrongUsername', { username }) };
      return password === 'right' ? { profile: { id: username } } : { failure: namedFailure('WrongPassword', {}) };
    },
    searchUsers: async () => ({ users: Array.from({ length: 5000 }, () => ({})) }),
    listGroups: async () => ({ groups: [] }),
    passwordTimes: async () => ({ times: {} }),
    changePassword: async ({ oldPassword }) => (oldPassword === 'right' ? { profile: {} } : { failure: namedFailure('WrongPassword', {}) }),
  };
  const watched = watchHubRequests(users, log, () => clock.now);
  async function signIns(count: number, name: string, password: string): Promise<void> {
    for (let n = 0; n < count; n++) await watched.users.authenticate(login(`${name}${n}`, password), request());
  }
  return { ...watched, lines, clock, signIns, kinds: () => watched.recent().map(({ kind }) => kind) };
}

test('many unknown names raise one alarm per ten minutes, in the log and in the console', async () => {
  const { signIns, kinds, lines, clock } = watch();
  await signIns(99, 'unknown', 'x');
  assert.deepEqual(kinds(), []);
  await signIns(200, 'unknown', 'x');
  assert.deepEqual(kinds(), ['unknown-names']);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /look like an attack/);
  clock.now += 11 * 60_000;
  await signIns(100, 'unknown', 'x');
  assert.equal(lines.length, 2);
  clock.now += 25 * 3_600_000;
  assert.deepEqual(kinds(), []);
});

test('wrong passwords for many users raise an alarm, however often each is tried', async () => {
  const { signIns, kinds } = watch();
  for (let n = 0; n < 20; n++) await signIns(49, 'user', 'wrong');
  assert.deepEqual(kinds(), []);
  await signIns(50, 'user', 'wrong');
  // At least half of the sign-ins must be for different users: repetitions for few users are not spraying.
  assert.deepEqual(kinds(), []);
  const other = watch();
  await other.signIns(50, 'user', 'wrong');
  assert.deepEqual(other.kinds(), ['wrong-passwords']);
});

test('wrong old passwords of many users raise the same alarm', async () => {
  const { users, kinds } = watch();
  for (let n = 0; n < 50; n++) await users.changePassword(ownChange(`user${n}`, 'wrong', 'N3w-Passw0rd'), request());
  assert.deepEqual(kinds(), ['wrong-passwords']);
});

test('lists of many users raise an alarm', async () => {
  const { users, kinds } = watch();
  for (let n = 0; n < 4; n++) await users.searchUsers({ pid: '1', search: '', escaped: false, limit: undefined }, request());
  assert.deepEqual(kinds(), ['wide-searches']);
});

test('neither a busy morning with typing errors nor a load test with thousands of sign-ins raises an alarm', async () => {
  const { signIns, kinds } = watch();
  await signIns(3000, 'user', 'right');
  await signIns(600, 'user', 'wrong');
  await signIns(150, 'unknown', 'x');
  assert.deepEqual(kinds(), []);
});
