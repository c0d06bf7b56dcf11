/** Loads the optional npm package `koffi`, which calls functions of system libraries, when Kerberos is first used. */
import { CodedError } from '@landbridge/runtime';
import type koffi from 'koffi';

export type Koffi = typeof koffi;

/** @throws CodedError KERBEROS_UNAVAILABLE */
export async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (error) {
    throw new CodedError('KERBEROS_UNAVAILABLE', 'Kerberos tickets cannot be checked: the package "koffi" is not installed', {
      action: 'Run "npm install --include=optional" in the folder of the connector, or switch Kerberos off for this connection.',
      cause: error,
    });
  }
}
