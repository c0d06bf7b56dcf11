/** One-time codes that open the Try page of a connection. */

export interface TryCodeStore {
  addTryCode(hash: string, connectionId: string, expiresAt: Date): Promise<void>;
  /** @returns the connection's id, once; undefined for an unknown, used or expired code */
  takeTryCode(hash: string, now: Date): Promise<string | undefined>;
}
