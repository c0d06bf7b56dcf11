/** Facts that the running hub stores for commands. */

export interface FactStore {
  /** The running hub's public URL, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;
  /** What tells whether the key outside the database is the one that its records were sealed with. */
  setKeyCheck(check: string): Promise<void>;
  keyCheck(): Promise<string | undefined>;
}
