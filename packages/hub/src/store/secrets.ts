/** The key that encrypts the secrets in the store. */
import type { AuditEntry, AuditSeal } from './audit.ts';
import type { SealingKey } from './sealing.ts';

export interface KeyChange {
  next: SealingKey;
  /** For `setKeyCheck`. */
  check: string;
  /** The details of the audit record NEW_KEY_ACTION, which is sealed with the next key. */
  entry: Omit<AuditEntry, 'action' | 'detail'>;
  seal: AuditSeal;
  /** The keys of the audit log until now, encrypted: part of that record. */
  keptAuditKeys: string | undefined;
  /** The old key is lost: what only it can read is removed. */
  isLost: boolean;
}

export interface SecretStore {
  /** Encrypts all secrets with another key, all or nothing. Closes the store, which only knows the old one. */
  changeKey(change: KeyChange): Promise<void>;
}
