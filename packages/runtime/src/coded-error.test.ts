import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError, errorText } from './coded-error.ts';

describe('the text of an error', () => {
  it('tells causes that say more, once each', () => {
    const error = new CodedError('X', 'outer', { cause: new Error('middle', { cause: new Error('outer') }) });
    assert.equal(errorText(error), 'outer: middle');
    assert.equal(errorText('plain'), 'plain');
    assert.equal(errorText(undefined), '');
  });

  it('tells why each address of a name failed', () => {
    assert.equal(
      errorText(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')])),
      'refused ::1; refused 127.0.0.1',
    );
  });

  it('ends with circular causes', () => {
    const error = new Error('a');
    error.cause = error;
    assert.equal(errorText(error), 'a');
  });
});
