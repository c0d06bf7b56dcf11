/** Users of a real Active Directory: one domain controller, which takes a while to create, for the tests of every topic. */
import { after, before, describe } from 'node:test';
import { type SambaDomainController, startSambaDomainController, whyNoSamba } from '@landbridge/lab';
import { registerAccountTests } from './test/samba/accounts.ts';
import { registerGroupsTests } from './test/samba/groups.ts';
import { registerNamesTests } from './test/samba/names.ts';
import { registerPasswordsTests } from './test/samba/passwords.ts';
import { registerRefusalTests } from './test/samba/refused-by-the-connector.ts';
import { registerServersTests } from './test/samba/servers.ts';
import { registerTlsTests } from './test/samba/tls.ts';
import { registerVerifiedUserTests } from './test/samba/verified-users.ts';

/** Creating a domain takes ten seconds on an otherwise idle processor. */
const SETUP_TIMEOUT_MS = 10 * 60_000;

describe('users on Samba as a domain controller', { skip: whyNoSamba() }, () => {
  let domainController: SambaDomainController | undefined;
  before(
    async () => {
      domainController = await startSambaDomainController();
    },
    { timeout: SETUP_TIMEOUT_MS },
  );
  after(async () => {
    await domainController?.[Symbol.asyncDispose]();
  });
  const dc = (): SambaDomainController => {
    if (domainController === undefined) throw new Error('The domain controller did not start');
    return domainController;
  };

  describe('states of an account', () => registerAccountTests(dc));
  describe('verified users', () => registerVerifiedUserTests(dc));
  describe('denials by the connector itself', () => registerRefusalTests(dc));
  describe('its certificate', () => registerTlsTests(dc));
  describe('groups', () => registerGroupsTests(dc));
  describe('names', () => registerNamesTests(dc));
  // These change accounts and stop the server, which affects only later tests of the same topic.
  describe('passwords', () => registerPasswordsTests(dc));
  describe('servers', () => registerServersTests(dc));
});
