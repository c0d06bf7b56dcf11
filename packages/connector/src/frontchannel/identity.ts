/** What each way to know a person gives: whom, before the directory was asked about them. */
import type { KnownPerson } from '../users/known-person.ts';

export type Way = 'kerberos' | 'certificate' | 'proxy-header' | 'form' | 'session';

export interface Identity {
  how: Way;
  person: KnownPerson;
  /** What proved it, for the log: a Kerberos principal, the subject of a certificate. */
  principal: string;
}
