/** Which user the front channel signs in with a client certificate. */
import assert from 'node:assert/strict';
import { type KeyPair, parseWithXmldom } from '@landbridge/lab';
import { actionOf, type FrontChannelOn, fieldsOf, REPLY_TO } from './front-channel-on.ts';

/**
 * @param attribute of the profile to return instead of the id
 * @returns the user's id in the token; undefined if the form was shown
 */
export async function signedIn(front: FrontChannelOn, client: KeyPair | undefined, attribute?: string): Promise<string | undefined> {
  const page = await front.begin({}, client && { client });
  assert.equal(page.status, 200);
  if (/name="password"/.test(page.text)) return undefined;
  assert.equal(actionOf(page.text), REPLY_TO);
  const token = parseWithXmldom(fieldsOf(page.text).wresult ?? '');
  assert.equal(token.getElementsByTagName('saml:AuthenticationStatement')[0]?.getAttribute('AuthenticationMethod'), 'urn:ietf:rfc:2246');
  if (attribute === undefined) return token.getElementsByTagName('saml:NameIdentifier')[0]?.textContent ?? '';
  const found = Array.from(token.getElementsByTagName('saml:Attribute')).find((one) => one.getAttribute('AttributeName') === attribute);
  return found?.textContent ?? '';
}
