/** What every store has to do. An implementation's test file calls this with a way to open an empty store. */

import { describe, it } from 'node:test';
import type { Store } from '../../src/store/store.ts';
import { administratorConformance } from './administrators.ts';
import { alertConformance } from './alerts.ts';
import { auditConformance } from './audit.ts';
import { cachedCredentialConformance } from './cached-credentials.ts';
import { certificateConformance } from './certificates.ts';
import { codeConformance } from './codes.ts';
import { connectionConformance } from './connections.ts';
import { frontChannelConformance } from './front-channel.ts';
import { instanceConformance } from './instances.ts';
import { keyConformance } from './keys.ts';
import { oidcConformance } from './oidc.ts';
import { signInHistoryConformance } from './sign-in-history.ts';

/** Registers one check, which gets an empty store of its own. */
export type StoreCheck = (what: string, body: (store: Store) => Promise<void>) => void;

/** @param open gives a new, empty store for each call; it is closed here */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const check: StoreCheck = (what, body) =>
    it(what, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  describe(`${name} as a store`, () => {
    connectionConformance(check);
    certificateConformance(check);
    instanceConformance(check);
    keyConformance(check);
    codeConformance(check);
    auditConformance(check);
    cachedCredentialConformance(check);
    oidcConformance(check);
    signInHistoryConformance(check);
    alertConformance(check);
    administratorConformance(check);
    frontChannelConformance(check);
  });
}
