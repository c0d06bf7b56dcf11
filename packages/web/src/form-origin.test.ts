import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FormLabels, isOwnForm, type OriginPolicy } from './form-origin.ts';

const OWN = 'https://hub.example';
const PUBLIC: OriginPolicy = { publicUrl: OWN };
const LENIENT: OriginPolicy = { ...PUBLIC, acceptsUnlabelled: true, otherPages: ['https://app.example/login/callback'] };
const LOOPBACK: OriginPolicy = { isOwnOrigin: ({ origin }) => ['http://127.0.0.1:8357', 'http://localhost:8357'].includes(origin) };
const IN_CLEAR = { secure: false, host: '127.0.0.1:8357' };

describe('a form is accepted', () => {
  const rows: [string, OriginPolicy, Partial<FormLabels>][] = [
    ['from the public URL', PUBLIC, { origin: OWN }],
    ['from the public URL, labelled as same-origin', PUBLIC, { origin: OWN, secFetchSite: 'same-origin' }],
    ['from the public URL behind a proxy that changes the host', PUBLIC, { origin: OWN, host: 'internal:8080', secure: false }],
    ['from the host that the browser addressed', PUBLIC, { origin: 'https://10.0.0.7:4000', host: '10.0.0.7:4000' }],
    ['from the host that the browser addressed, whatever its case', PUBLIC, { origin: 'https://other.example', host: 'Other.Example' }],
    ['from an http page if nothing is encrypted', {}, { origin: 'http://127.0.0.1:8357', ...IN_CLEAR }],
    ['without Origin, labelled as same-origin', PUBLIC, { secFetchSite: 'same-origin' }],
    ['without labels, under a policy for programs', LENIENT, {}],
    ['without Origin, opened by the user, under a policy for programs', LENIENT, { secFetchSite: 'none' }],
    ['from another page that the policy lists', LENIENT, { origin: 'https://app.example', secFetchSite: 'cross-site' }],
    ['from a loopback host that the policy knows', LOOPBACK, { origin: 'http://127.0.0.1:8357', ...IN_CLEAR }],
  ];
  for (const [name, policy, labels] of rows) it(name, () => assert.equal(isOwnForm(labelsOf(labels), policy), true));
});

describe('a form is rejected', () => {
  const rows: [string, OriginPolicy, Partial<FormLabels>][] = [
    ['without labels', PUBLIC, {}],
    ['without Origin, opened by the user', PUBLIC, { secFetchSite: 'none' }],
    ['without Origin, from the same site', LENIENT, { secFetchSite: 'same-site' }],
    ['without Origin, from another site', LENIENT, { secFetchSite: 'cross-site' }],
    ['without Origin, with an unknown label', LENIENT, { secFetchSite: 'x' }],
    ['without Origin, with an empty label', LENIENT, { secFetchSite: '' }],
    ['from a sandboxed frame', LENIENT, { origin: 'null' }],
    ['from a sandboxed frame, with Host: null', LENIENT, { origin: 'null', host: 'null' }],
    ['from a sandboxed frame, if a listed page has no origin', { otherPages: ['about:blank', 'data:,x'] }, { origin: 'null' }],
    ['with an empty Origin', LENIENT, { origin: '' }],
    ['with an Origin that is not a URL', LENIENT, { origin: 'hub.example' }],
    ['from another site', LENIENT, { origin: 'https://evil.example' }],
    ['from another site whose name begins with ours', PUBLIC, { origin: 'https://hub.example.evil.example' }],
    ['from another site with our name in its path', PUBLIC, { origin: 'https://evil.example/hub.example' }],
    ['from another port', PUBLIC, { origin: 'https://hub.example:8443' }],
    ['from our own origin, labelled as same-site', PUBLIC, { origin: OWN, secFetchSite: 'same-site' }],
    ['from our own origin, labelled as cross-site', PUBLIC, { origin: OWN, secFetchSite: 'cross-site' }],
    ['from our host over http', PUBLIC, { origin: 'http://hub.example' }],
    ['from our host over http, if only the public URL is https', PUBLIC, { origin: 'http://hub.example', secure: false }],
    ['from our host over http, without a public URL', {}, { origin: 'http://hub.example' }],
    ['from our host over another scheme', {}, { origin: 'ftp://hub.example', secure: false }],
    [
      'from a host that the policy does not know',
      LOOPBACK,
      { origin: 'http://evil.example:8357', secure: false, host: 'evil.example:8357' },
    ],
    ['from a loopback host over another scheme', LOOPBACK, { origin: 'https://127.0.0.1:8357', ...IN_CLEAR }],
    ['from another port of a loopback host', LOOPBACK, { origin: 'http://127.0.0.1:1', ...IN_CLEAR }],
  ];
  for (const [name, policy, labels] of rows) it(name, () => assert.equal(isOwnForm(labelsOf(labels), policy), false));
});

function labelsOf(labels: Partial<FormLabels>): FormLabels {
  return { origin: undefined, secFetchSite: undefined, host: 'hub.example', secure: true, ...labels };
}
