/** What the running hub writes down for the commands beside it. */

export interface FactStore {
  /** Where the running hub is reached, so that commands can print whole URLs. */
  setPublicUrl(url: string): Promise<void>;
  publicUrl(): Promise<string | undefined>;
}
