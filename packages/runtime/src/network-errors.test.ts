import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { it } from 'node:test';
import { CodedError } from './coded-error.ts';
import { networkAdvice, timedOut } from './network-errors.ts';

const PEER = { host: 'dc1.example', port: 636 };

it('says what to do about a refused connection and an unknown name, as Node reports them', async () => {
  const refused = await once(connect(1, '127.0.0.1'), 'connect').catch((error: unknown) => error);
  assert.match(networkAdvice(refused, PEER)?.reason ?? '', /nothing accepts connections on port 636/);
  const unknown = await once(connect(1, 'no-such-host.invalid'), 'connect').catch((error: unknown) => error);
  assert.match(networkAdvice(unknown, PEER)?.action ?? '', /spelling of dc1\.example|DNS servers of this machine/);
});

it('finds the code of the network in a cause, and in the parts of an AggregateError', () => {
  const cause = new AggregateError([Object.assign(new Error('x'), { code: 'EHOSTUNREACH' })], '');
  assert.match(networkAdvice(new CodedError('HUB_UNREACHABLE', 'no', { cause }), PEER)?.reason ?? '', /no route/);
});

it('treats our own time limit like one of the network', () => {
  assert.match(networkAdvice(timedOut(5000), PEER)?.action ?? '', /firewall/);
});

it('knows nothing about other errors, and ends at circular causes', () => {
  const circular = new Error('a');
  circular.cause = circular;
  for (const error of [circular, new CodedError('PASSWORD_INVALID', 'x'), 'text', undefined])
    assert.equal(networkAdvice(error, PEER), undefined);
});
