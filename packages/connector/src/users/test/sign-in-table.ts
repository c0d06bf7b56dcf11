/** One table for all directories: the answer to a sign-in for each state of an account, with the right password and with a wrong one. */
import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import { namedFailure, type SignInOutcome, WIRE_ERRORS, type WireErrorName } from '@landbridge/protocol';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';

interface Row {
  right: 'active' | WireErrorName;
  wrong: WireErrorName;
  /** What is logged beside the answer to the right password, if the answer alone does not say it. */
  reason?: RegExp;
  /** Like `reason`, for a wrong password. */
  wrongReason?: RegExp;
}

const ROWS = {
  normal: { right: 'active', wrong: 'WrongPassword' },
  passwordNeverExpires: { right: 'active', wrong: 'WrongPassword' },
  disabled: { right: 'AccountDisabled', wrong: 'WrongPassword' },
  accountExpired: { right: 'AccountExpired', wrong: 'WrongPassword' },
  disabledAndExpired: { right: 'AccountDisabled', wrong: 'WrongPassword' },
  mustChangePassword: { right: 'PasswordChangeRequired', wrong: 'WrongPassword' },
  passwordExpired: { right: 'PasswordExpired', wrong: 'WrongPassword' },
  locked: { right: 'AccountLocked', wrong: 'AccountLocked' },
  noLogonHours: { right: 'WrongPassword', wrong: 'WrongPassword', reason: /at this hour/ },
  otherWorkstation: { right: 'WrongPassword', wrong: 'WrongPassword', reason: /at this workstation/ },
  smartCardOnly: { right: 'WrongPassword', wrong: 'WrongPassword', reason: /smart card/, wrongReason: /smart card/ },
} satisfies Record<string, Row>;

export type TableAccountState = keyof typeof ROWS;

export interface TableAccount {
  /** As typed. */
  name: string;
  dn: string;
  password: string;
}

export interface SignInDirectory {
  /** Each transport, by its name in test titles. */
  transports: Record<string, Parameters<typeof usersOn>[0]>;
  /** Rows without an account are missing in this kind of directory. */
  accounts: Partial<Record<TableAccountState, TableAccount>>;
}

/** Makes profiles of the state and nothing that differs between directories, so that whole answers can be compared. */
const MAPPER = 'module.exports = function (raw) { return { id: raw.dn, ldapStatus: raw.ldapStatus }; };';

const NOBODY = [
  'nobody',
  ' ',
  '*',
  'a*',
  '*)(objectClass=*',
  ')(',
  '\\',
  '\\2a',
  '\0',
  '\ud800',
  '@',
  '\\\\',
  'nobody@',
  'x'.repeat(64 * 1024),
];

/** @param transports those that `directory()` will have, for the test titles */
export function registerSignInTable(directory: () => SignInDirectory, transports: readonly string[]): void {
  const open: UsersOn[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  async function on(transport: string, settings: Parameters<typeof usersOn>[1] = {}): Promise<UsersOn> {
    const target = directory().transports[transport];
    assert.ok(target, transport);
    const made = usersOn({ operationTimeoutMs: 60_000, queueTimeoutMs: 60_000, connectTimeoutMs: 60_000, ...target }, settings, MAPPER);
    open.push(made);
    await made.directory.rootDse();
    return made;
  }

  function rows(): [TableAccountState, Row, TableAccount][] {
    const { accounts } = directory();
    return Object.entries<Row>(ROWS).flatMap(([state, row]) => {
      const account = accounts[state as TableAccountState];
      return account === undefined ? [] : [[state as TableAccountState, row, account]];
    });
  }

  for (const transport of transports) {
    it(`answers each row to the letter over ${transport}`, async () => {
      const { users, lines } = await on(transport);
      for (const [state, row, { name, dn, password }] of rows()) {
        for (const [typed, error, reason] of [
          [password, row.right, row.reason],
          ['Wr0ng-Passw0rd!', row.wrong, row.wrongReason],
        ] as const) {
          const before = lines.length;
          const answer = await users.authenticate(login(name, typed), request());
          const message = `${state}, ${typed === password ? 'right' : 'wrong'} password`;
          assert.deepEqual(answer, error === 'active' ? signedIn(dn, 'active') : refused(dn, error), message);
          if (reason !== undefined) assert.match(reasonsIn(lines.slice(before)).join(), reason, message);
        }
      }
    });
  }

  it('lets in users whose password has expired or must be changed if the settings allow it, and nobody else', async () => {
    const settings = { ALLOW_PASSWORD_EXPIRED: true, ALLOW_PASSWORD_CHANGE_REQUIRED: true };
    for (const transport of transports.slice(0, 1)) {
      const { users } = await on(transport, settings);
      for (const [state, row, { name, dn, password }] of rows()) {
        const answer = await users.authenticate(login(name, password), request());
        if (row.right === 'active') assert.deepEqual(answer, signedIn(dn, 'active'), state);
        else if (row.right === 'PasswordExpired') assert.deepEqual(answer, signedIn(dn, 'password_expired'), state);
        else if (row.right === 'PasswordChangeRequired') assert.deepEqual(answer, signedIn(dn, 'password_change_required'), state);
        else assert.deepEqual(answer, refused(dn, row.right), state);
        if (row.right !== 'PasswordExpired' && row.right !== 'PasswordChangeRequired') continue;
        assert.deepEqual(await users.authenticate(login(name, 'Wr0ng-Passw0rd!'), request()), refused(dn, row.wrong), state);
      }
    }
  });

  it('answers an empty password as a wrong one in every state, and unknown names as such', async () => {
    for (const transport of transports.slice(0, 1)) {
      const { users } = await on(transport);
      for (const [state, , { name, dn }] of rows()) {
        assert.deepEqual(await users.authenticate(login(name, ''), request()), refused(dn, 'WrongPassword'), state);
      }
      for (const username of NOBODY) {
        const expected = { failure: namedFailure('WrongUsername', { username }) };
        assert.deepEqual(await users.authenticate(login(username, 'x'), request()), expected, username.slice(0, 20));
      }
    }
  });
}

function signedIn(dn: string, ldapStatus: string): SignInOutcome {
  return { profile: { id: dn, ldapStatus } };
}

function refused(dn: string, name: WireErrorName): SignInOutcome {
  return { failure: namedFailure(name, { id: dn, ldapStatus: WIRE_ERRORS[name].ldapStatus }) };
}

function reasonsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'reason' in record ? [String(record.reason)] : [];
  });
}
