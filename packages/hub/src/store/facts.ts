/** Facts about this hub: what the running one stores for commands, and for itself over restarts. */
import type { AuditPosition } from './audit.ts';

export interface FactStore {
  /** The running hub's public URL, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;
  /** Cached credentials of this connection that were verified before this time do not count; undefined: all do. */
  credentialsUncheckedBefore(connectionId: string): Promise<Date | undefined>;
  setCredentialsUncheckedBefore(connectionId: string, time: Date | undefined): Promise<void>;
  /** @param target names the destination */
  auditPosition(target: string): Promise<AuditPosition | undefined>;
  setAuditPosition(target: string, position: AuditPosition): Promise<void>;
  /** Until when administrators may use passwords, although the settings require an outside provider. */
  setPasswordsAllowedUntil(at: Date): Promise<void>;
  passwordsAllowedUntil(): Promise<Date | undefined>;
}
