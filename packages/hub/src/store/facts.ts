/** Facts about this hub: the running hub stores them for commands, and for itself across restarts. */
import type { AuditPosition } from './audit.ts';

export interface FactStore {
  /** The running hub's public URL, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;
  /** Where programs on this machine reach the hub that runs, or ran last. */
  setLocalUrl(url: string): Promise<void>;
  localUrl(): Promise<string | undefined>;
  /** Cached credentials of this connection that were verified before this time are not used; undefined: all are. */
  credentialsUncheckedBefore(connectionId: string): Promise<Date | undefined>;
  setCredentialsUncheckedBefore(connectionId: string, time: Date | undefined): Promise<void>;
  /** @param target the name of the destination */
  auditPosition(target: string): Promise<AuditPosition | undefined>;
  setAuditPosition(target: string, position: AuditPosition): Promise<void>;
  /** Until when administrators may use passwords although the settings require the OpenID provider. */
  setPasswordsAllowedUntil(at: Date): Promise<void>;
  passwordsAllowedUntil(): Promise<Date | undefined>;
}
