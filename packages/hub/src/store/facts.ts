/** Facts that the running hub stores for commands. */

export interface FactStore {
  /** The running hub's public URL, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;
}
