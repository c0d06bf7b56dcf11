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
  /** The audit log's keys until now, encrypted. They become part of that record. */
  keptAuditKeys: string | undefined;
  /** The old key is lost, so the data that only it can decrypt is removed. */
  isLost: boolean;
}

export interface SecretStore {
  /** Encrypts all secrets with another key, all or nothing. Then closes the store, which still uses the old key. */
  changeKey(change: KeyChange): Promise<void>;
}
