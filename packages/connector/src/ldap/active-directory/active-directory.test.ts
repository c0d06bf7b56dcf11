import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bindSubCode } from './bind-sub-code.ts';
import { guidText } from './object-guid.ts';
import { sidText } from './object-sid.ts';

describe('objectGUID', () => {
  it('is written in the mixed byte order of Windows', () => {
    // The example of MS-DTYP, section 2.3.4: the fields of {12345678-9abc-def0-1234-56789abcdef0} in memory order.
    assert.equal(guidText(Buffer.from('78563412bc9af0de123456789abcdef0', 'hex')), '12345678-9abc-def0-1234-56789abcdef0');
    assert.equal(guidText(Buffer.from('01', 'hex')), '01');
  });
});

describe('objectSid', () => {
  it('is written as S-1-…', () => {
    assert.equal(
      sidText(Buffer.from('010500000000000515000000a065cf7e784b9b5fe77c8770f4010000', 'hex')),
      'S-1-5-21-2127521184-1604012920-1887927527-500',
    );
    assert.equal(sidText(Buffer.from('01010000000000050a000000', 'hex')), 'S-1-5-10');
    assert.equal(sidText(Buffer.from('0105', 'hex')), '0105');
  });
});

describe('the sub-code of a refused bind', () => {
  it('is found in the text of Windows and of Samba', () => {
    assert.equal(bindSubCode('80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1'), '52e');
    assert.equal(bindSubCode('80090308: LdapErr: DSID-0C090453, comment: AcceptSecurityContext error, data 775, v4563\0'), '775');
  });
  it('is undefined if the text contains no known one', () => {
    for (const text of ['', 'invalid credentials', 'data 999, v1', 'data toString, v1', 'metadata 52e'])
      assert.equal(bindSubCode(text), undefined, text);
  });
});
