/** A connector without a socket: eligible, idle, and never asked unless a test says otherwise. */
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
    signing: undefined,
    capabilities: [],
    draining: false,
    inFlight: 0,
    open: true,
    eligibility: () => 'eligible',
    ask: () => assert.fail('the test does not expect a request'),
    tell: () => {},
    drain: () => {},
    received: () => {},
    heard: () => {},
    isMidFrame: () => false,
    ping: () => {},
    close: () => {},
    drop: () => {},
    ...changes,
  };
}
