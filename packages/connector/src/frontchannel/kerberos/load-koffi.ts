/** The npm package `koffi`, which calls functions of the system's libraries: optional, and loaded when tickets are first wanted. */
import { CodedError } from '@landbridge/runtime';
import type koffi from 'koffi';

export type Koffi = typeof koffi;

/** @throws KERBEROS_UNAVAILABLE */
export async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (error) {
    throw new CodedError('KERBEROS_UNAVAILABLE', 'Kerberos tickets cannot be checked: the package "koffi" is not installed', {
      action: 'Run "npm install --include=optional" in the folder of the connector. Without it, switch Kerberos off for this connection.',
      cause: error,
    });
  }
}
