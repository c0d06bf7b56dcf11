/** A connector without a socket, for what decides about connectors: well, idle, and asked by nobody unless a test says otherwise. */
import assert from 'node:assert/strict';
import type { Connector } from '../src/connectors/connector.ts';
import { exampleConnection } from './store-conformance/examples.ts';

export function fakeConnector(changes: Partial<Connector> = {}): Connector {
  return {
    instance: 'fake',
    connection: exampleConnection('corp'),
    remoteAddress: '',
    agentVersion: undefined,
    connectedAt: new Date(),
    algorithm: 'ES256',
    signingKid: undefined,
    capabilities: [],
    sealing: undefined,
    directory: undefined,
    presence: 'well',
    congested: false,
    draining: false,
    inFlight: 0,
    silentSinceMs: undefined,
    open: true,
    ask: () => assert.fail('this test does not expect it to be asked'),
    drain: () => {},
    heard: () => {},
    ping: () => {},
    close: () => {},
    drop: () => {},
    ...changes,
  };
}
