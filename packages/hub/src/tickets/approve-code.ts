/** An administrator's decision about a connector that shows a code. The audit log records what the administrator saw. */
import { connectorKeyFingerprint } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';
import type { CodeEntry, EnrolmentCodes } from './enrolment-codes.ts';

/**
 * Lets the connector enrol for the connection once, without a ticket.
 * @param matches the administrator confirmed that both comparison codes match
 * @throws CodedError CODE_NOT_COMPARED, CODE_NOT_FOUND, CONNECTION_NOT_FOUND
 */
export async function approveCode(
  operator: Operator,
  codes: EnrolmentCodes,
  userCode: string,
  { connectionName, matches }: { connectionName: string; matches: boolean },
): Promise<void> {
  if (!matches) {
    throw new CodedError('CODE_NOT_COMPARED', 'Confirm that the connector shows the same comparison code', {
      action: 'Compare all twelve characters. If any differs, deny the connector.',
    });
  }
  const entry = findCode(codes, userCode);
  const { id, name } = await findConnection(operator.store, connectionName);
  if (!codes.approve(userCode, id)) throw codeNotFound();
  await recordChange(operator, { action: 'connector.approve-code', connection: name, ...describe(entry) });
}

/** @throws CodedError CODE_NOT_FOUND */
export async function denyCode(operator: Operator, codes: EnrolmentCodes, userCode: string): Promise<void> {
  const entry = findCode(codes, userCode);
  if (!codes.deny(userCode)) throw codeNotFound();
  await recordChange(operator, { action: 'connector.deny-code', ...describe(entry) });
}

/** @throws CodedError CODE_NOT_FOUND */
export function findCode(codes: EnrolmentCodes, userCode: string): CodeEntry {
  const entry = codes.find(userCode);
  if (entry === undefined) throw codeNotFound();
  return entry;
}

export function codeNotFound(): CodedError {
  return new CodedError('CODE_NOT_FOUND', 'No connector is waiting with this code', {
    action: 'Compare it with the code that the connector shows. A code is valid for ten minutes and for one connector.',
  });
}

/** @returns the fingerprint of the connector's key */
export function keyFingerprintOf({ publicKey }: CodeEntry): string {
  return connectorKeyFingerprint(Buffer.from(publicKey, 'base64'));
}

function describe(entry: CodeEntry): { subject: string; detail: string } {
  const { hostName = 'unknown host', agentVersion, remoteAddress } = entry;
  const program = agentVersion === undefined ? '' : `, version ${agentVersion}`;
  return { subject: keyFingerprintOf(entry), detail: `${hostName}${program}, from ${remoteAddress}` };
}
