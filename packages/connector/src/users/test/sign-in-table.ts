/** One table for all directories: the answer to a sign-in for each state of an account, with the right password and with a wrong one. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
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

/** @param transports the transports of `directory()`, for the test titles */
export function registerSignInTable(directory: () => SignInDirectory, transports: readonly string[]): void {
  async function on(t: TestContext, transport: string, settings: Parameters<typeof usersOn>[1] = {}): Promise<UsersOn> {
    const target = directory().transports[transport];
    assert.ok(target, transport);
    const patient = { operationTimeoutMs: 60_000, queueTimeoutMs: 60_000, connectTimeoutMs: 60_000 };
    // Wrong passwords are tried in every state, over every transport.
    const made = usersOn({ ...patient, ...target }, { LOCKOUT_RESERVE: 0, ...settings }, MAPPER);
    t.after(() => made.close());
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
    it(`answers each state of an account over ${transport}`, async (t) => {
      const { users, lines } = await on(t, transport);
      for (const [state, row, { name, dn, password }] of rows()) {
        for (const [typed, error, reason] of [
          [password, row.right, row.reason],
          ['Wr0ng-Passw0rd!', row.wrong, row.wrongReason],
        ] as const) {
          await t.test(`${state}, ${typed === password ? 'right' : 'wrong'} password: ${error}`, async () => {
            const before = lines.length;
            const answer = withoutNames(await users.authenticate(login(name, typed), request()));
            assert.deepEqual(answer, error === 'active' ? signedIn(dn, 'active') : refused(dn, error));
            if (reason !== undefined) assert.match(reasonsIn(lines.slice(before)).join(), reason);
          });
        }
      }
    });
  }

  it('lets in users whose password has expired or must be changed if the settings allow it, and no others', async (t) => {
    const settings = { ALLOW_PASSWORD_EXPIRED: true, ALLOW_PASSWORD_CHANGE_REQUIRED: true };
    const allowed: Partial<Record<Row['right'], string>> = {
      active: 'active',
      PasswordExpired: 'password_expired',
      PasswordChangeRequired: 'password_change_required',
    };
    for (const transport of transports.slice(0, 1)) {
      const { users } = await on(t, transport, settings);
      for (const [state, row, { name, dn, password }] of rows()) {
        const ldapStatus = allowed[row.right];
        await t.test(`${state}: ${ldapStatus ?? row.right}`, async () => {
          const answer = withoutNames(await users.authenticate(login(name, password), request()));
          if (row.right === 'active' || ldapStatus !== undefined) assert.deepEqual(answer, signedIn(dn, ldapStatus ?? 'active'));
          else assert.deepEqual(answer, refused(dn, row.right));
          if (row.right === 'active' || ldapStatus === undefined) return;
          assert.deepEqual(withoutNames(await users.authenticate(login(name, 'Wr0ng-Passw0rd!'), request())), refused(dn, row.wrong));
        });
      }
    }
  });

  it('answers an empty password as a wrong one in every state, and unknown names as such', async (t) => {
    for (const transport of transports.slice(0, 1)) {
      const { users } = await on(t, transport);
      for (const [state, , { name, dn }] of rows()) {
        await t.test(`${state}, empty password`, async () => {
          assert.deepEqual(withoutNames(await users.authenticate(login(name, ''), request())), refused(dn, 'WrongPassword'));
        });
      }
      for (const username of NOBODY) {
        await t.test(`the name ${JSON.stringify(username.slice(0, 20))}`, async () => {
          const expected = { failure: namedFailure('WrongUsername', { username }) };
          assert.deepEqual(await users.authenticate(login(username, 'x'), request()), expected);
        });
      }
    }
  });
}

/**
 * Checks that the answer has the user's immutable id, and rules only if the password must be changed. Both differ between directories.
 * @returns the rest of the answer
 */
function withoutNames(answer: SignInOutcome): SignInOutcome {
  const check = (subject: string | undefined) => assert.match(subject ?? '', /^[0-9a-f-]{35,36}$/);
  if ('failure' in answer) {
    const { subject, rules, ...failure } = answer.failure;
    check(subject);
    if (rules !== undefined) assert.match(failure.code, /^password_(expired|change_required)$/);
    return { failure };
  }
  const { subject, accountName: _accountName, ...success } = answer;
  check(subject);
  return success;
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
