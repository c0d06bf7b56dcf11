import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError, errorText } from './coded-error.ts';

describe('errorText', () => {
  it('includes causes that add something, once each', () => {
    const error = new CodedError('X', 'outer', { cause: new Error('middle', { cause: new Error('outer') }) });
    assert.equal(errorText(error), 'outer: middle');
    assert.equal(errorText('plain'), 'plain');
    assert.equal(errorText(undefined), '');
  });

  it('includes the failure of each address of a name', () => {
    assert.equal(
      errorText(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')])),
      'refused ::1; refused 127.0.0.1',
    );
  });

  it('terminates on circular causes', () => {
    const error = new Error('a');
    error.cause = error;
    assert.equal(errorText(error), 'a');
  });
});
