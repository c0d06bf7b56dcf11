import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeAnswer, type Failure, namedFailure, parseAnswer, type RequestOutcome } from './answers.ts';
import type { Capability } from './capabilities.ts';
import { WIRE_ERRORS, type WireErrorName } from './failures.ts';
import type { RequestName } from './requests.ts';

const STEP = { name: 'find', ms: 1.5, outcome: 'uid=ada' };
const profile = { id: '1', displayName: 'Ada' };
const all = () => true;
const none = () => false;
const failed = (failure: Failure) => ({ failure });

const wire = (name: RequestName, outcome: RequestOutcome<RequestName>, knows: (capability: Capability) => boolean = all): unknown =>
  JSON.parse(JSON.stringify(encodeAnswer(name, outcome, knows, [STEP])));

describe('the immutable id of a user', () => {
  it('is written for hubs that know it, and for no others', () => {
    const known = { profile, subject: 'uuid' };
    assert.deepEqual(wire('authenticate_user', known, none), { profile });
    assert.deepEqual(
      wire('authenticate_user', known, (name) => name === 'subject'),
      known,
    );
    const refused = failed({ ...namedFailure('WrongPassword', profile), subject: 'uuid' });
    assert.deepEqual(
      wire('authenticate_user', refused, none),
      wire('authenticate_user', failed(namedFailure('WrongPassword', profile)), none),
    );
    assert.match(JSON.stringify(wire('change_password', refused)), /"subject":"uuid"/);
  });

  it('is never the profile’s own if the connector knows better', () => {
    const read = (payload: unknown) => parseAnswer('authenticate_user', payload, all).outcome;
    for (const subject of [undefined, null, '', ' ', 7, ['uuid'], 'x'.repeat(1025)]) {
      assert.deepEqual(read({ profile, subject }), { profile, subject: undefined });
      const { outcome } = parseAnswer('change_password', { profile, subject }, all);
      assert.equal('profile' in outcome && outcome.subject, undefined);
      assert.deepEqual(read({ err: { name: 'WrongPassword' }, profile, subject }), {
        failure: { code: 'invalid_credentials', wireName: 'WrongPassword', profile, subject: undefined },
      });
    }
  });

  it('is the profile’s id from Auth0 connectors, if that is a text', () => {
    const read = (id: unknown) => {
      const { outcome } = parseAnswer('authenticate_user', { profile: { id }, subject: 'x' }, none);
      return 'profile' in outcome && outcome.subject;
    };
    assert.equal(read('anna'), 'anna');
    for (const id of [undefined, null, 7, true, '', ' ', ['anna'], {}]) assert.equal(read(id), undefined);
  });
});

describe('an ambiguous name', () => {
  const outcome = failed({ ...namedFailure('WrongUsername', { username: 'twin' }), isAmbiguous: true });

  it('is reported exactly like a wrong name to hubs without reasons, and with its reason to others', () => {
    const plain = failed(namedFailure('WrongUsername', { username: 'twin' }));
    assert.deepEqual(wire('authenticate_user', outcome, none), wire('authenticate_user', plain, none));
    const read = (knows: (capability: Capability) => boolean) => {
      const parsed = parseAnswer('authenticate_user', wire('authenticate_user', outcome, all), knows).outcome;
      return 'failure' in parsed && [parsed.failure.code, parsed.failure.isAmbiguous];
    };
    assert.deepEqual(read(all), ['invalid_credentials', true]);
    assert.deepEqual(read(none), ['invalid_credentials', undefined]);
  });
});

describe('encodeAnswer', () => {
  it('writes a success as the contract has it', () => {
    assert.deepEqual(wire('authenticate_user', { profile }, none), { profile });
    assert.deepEqual(wire('change_password', { profile }), { profile });
    assert.deepEqual(wire('search_users', { users: [profile] }), { users: [profile] });
    assert.deepEqual(wire('list_groups', { groups: ['Staff'] }), { groups: ['Staff'] });
  });

  it('writes a named error with the profile in both places', () => {
    assert.deepEqual(wire('authenticate_user', failed(namedFailure('WrongPassword', profile)), none), {
      err: { message: 'Wrong password', profile, name: 'WrongPassword' },
      profile,
    });
  });

  it('writes an unknown user with the name that was asked for', () => {
    assert.deepEqual(wire('authenticate_user', failed(namedFailure('WrongUsername', { username: 'x' })), none), {
      err: { message: 'Wrong username', username: 'x', name: 'WrongUsername' },
      profile: { username: 'x' },
    });
  });

  it('adds reason and tried for hubs that know them, and nothing for others', () => {
    const inner = { code: 'LDAP_UNREACHABLE', message: 'away' };
    const outcome = failed({ code: 'directory_unavailable', tried: false, inner });
    assert.deepEqual(wire('search_users', outcome, none), { err: { message: 'Unexpected Error', inner } });
    assert.deepEqual(wire('search_users', outcome), {
      err: { message: 'Unexpected Error', inner, reason: 'directory_unavailable', tried: false },
    });
    assert.deepEqual(wire('search_users', failed({ code: 'connector_error', inner })), { err: { message: 'Unexpected Error', inner } });
  });

  it('writes a password that was not tried as a wrong one, with the reason for hubs that know it', () => {
    const outcome = failed({ ...namedFailure('WrongPassword', profile), code: 'too_many_attempts', retryAfterSeconds: 90 });
    const err = { message: 'Wrong password', profile, name: 'WrongPassword' };
    assert.deepEqual(wire('authenticate_user', outcome, none), { err, profile });
    const added = { reason: 'too_many_attempts', retryAfterSeconds: 90 };
    assert.deepEqual(wire('change_password', outcome), { err: { ...err, ...added }, profile });
    const { outcome: read } = parseAnswer('change_password', wire('change_password', outcome), all);
    assert.ok('failure' in read);
    const { code, wireName, retryAfterSeconds } = read.failure;
    assert.deepEqual({ code, wireName, retryAfterSeconds }, { code: 'too_many_attempts', wireName: undefined, retryAfterSeconds: 90 });
    for (const wait of [-1, 0, 1.5, 1e12, '90', null]) {
      const odd = parseAnswer('change_password', { err: { ...err, ...added, retryAfterSeconds: wait } }, all).outcome;
      assert.ok('failure' in odd && odd.failure.code === 'too_many_attempts' && odd.failure.retryAfterSeconds === undefined);
    }
  });

  it('adds steps to a sign-in only, and only if the hub knows them', () => {
    assert.deepEqual(wire('authenticate_user', { profile }), { profile, steps: [STEP] });
  });
});

describe('parseAnswer', () => {
  for (const [name, { code }] of Object.entries(WIRE_ERRORS)) {
    it(`reads ${name} back from what encodeAnswer wrote`, () => {
      const failure = { ...namedFailure(name as WireErrorName, profile), subject: 'uuid' };
      assert.deepEqual(parseAnswer('authenticate_user', wire('authenticate_user', { failure }), all), {
        outcome: { failure: { code, wireName: name, profile, subject: 'uuid' } },
        steps: [STEP],
      });
    });
  }

  it('reads each success back', () => {
    assert.deepEqual(parseAnswer('authenticate_user', wire('authenticate_user', { profile, subject: 'uuid' }), all).outcome, {
      profile,
      subject: 'uuid',
    });
    assert.deepEqual(parseAnswer('search_users', { users: [profile, 'x', null] }, all).outcome, { users: [profile] });
    assert.deepEqual(parseAnswer('list_groups', { groups: ['a', { cn: 'b', userPassword: 'x' }] }, all).outcome, {
      groups: ['a', { cn: 'b' }],
    });
  });

  it('ignores reason, tried and steps unless negotiated', () => {
    const payload = { err: { message: 'Unexpected Error', reason: 'busy', tried: false }, steps: [STEP] };
    assert.deepEqual(parseAnswer('authenticate_user', payload, all), {
      outcome: { failure: { code: 'connector_busy', tried: false } },
      steps: [STEP],
    });
    assert.deepEqual(parseAnswer('authenticate_user', payload, none), { outcome: { failure: { code: 'connector_error' } }, steps: [] });
  });

  it('reads any err as a failure, and an unknown one as connector_error', async (t) => {
    for (const err of [1, [], {}, 'Boom', true, { name: 'Boom' }, { name: 7 }, { reason: 'tired' }]) {
      await t.test(JSON.stringify(err), async () => {
        assert.deepEqual(
          parseAnswer('authenticate_user', { err, profile }, all).outcome,
          { failure: { code: 'connector_error' } },
          JSON.stringify(err),
        );
      });
    }
    assert.deepEqual(parseAnswer('authenticate_user', { err: null, profile, subject: 'uuid' }, all).outcome, { profile, subject: 'uuid' });
    assert.deepEqual(parseAnswer('authenticate_user', { err: 'AccountLocked' }, all).outcome, {
      failure: { code: 'account_locked', wireName: 'AccountLocked', profile: undefined, subject: undefined },
    });
  });

  it('reads an answer without a result as connector_error', async (t) => {
    for (const payload of [undefined, null, 'x', {}, { profile: 'x' }, { profile: [] }, { users: {} }]) {
      await t.test(JSON.stringify(payload) ?? 'no payload', async () => {
        for (const name of ['authenticate_user', 'search_users', 'list_groups', 'change_password'] as const) {
          assert.deepEqual(parseAnswer(name, payload, all).outcome, { failure: { code: 'connector_error' } }, JSON.stringify(payload));
        }
      });
    }
  });

  it('removes password hashes and cuts deep values', () => {
    const deep = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`);
    const { outcome } = parseAnswer('change_password', { profile: { id: '1', a: { unicodePwd: 'x' }, UserPassword: 'x', deep } }, all);
    assert.ok('profile' in outcome);
    assert.deepEqual({ ...outcome.profile, deep: undefined }, { id: '1', a: {}, deep: undefined });
    assert.ok(JSON.stringify(outcome).length < 200);
  });

  it('cuts steps to what a page can show, and drops all of them if one is invalid', () => {
    const stepsIn = (steps: unknown) => parseAnswer('authenticate_user', { profile, steps }, all).steps;
    const [long] = stepsIn([{ name: 'n'.repeat(9999), ms: 0, outcome: 'o'.repeat(9999) }]);
    assert.deepEqual([long?.name.length, long?.outcome.length], [64, 256]);
    assert.equal(stepsIn(Array(9999).fill(STEP)).length, 32);
    for (const steps of [undefined, null, {}, [STEP, 7], [{ ...STEP, ms: -1 }]]) assert.deepEqual(stepsIn(steps), []);
  });
});
