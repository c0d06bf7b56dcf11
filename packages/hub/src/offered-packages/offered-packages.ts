/**
 * The packages that this hub offers: the files that SHA256SUMS lists, in a folder of this machine (PACKAGES_DIR) or elsewhere (PACKAGES_URL). The
 * hub does not check them: whoever installs a package checks the signature, so that a hub that was taken over cannot offer its own.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ListedPackage, MAX_SUMS_BYTES, packagesAmong, parseSums, SIGNATURE_FILE, SUMS_FILE } from '@landbridge/protocol';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import type { HubSettings } from '../settings.ts';

export interface OfferedPackages {
  /** Of both programs, the newest first. */
  packages(): readonly ListedPackage[];
  /** The newest version of the connector; undefined if there is none. */
  newestConnector(): string | undefined;
  /** @returns where a listed file is; undefined for any other name */
  locate(name: string): { file: string } | { url: string } | undefined;
  /** Reads the list again if it is time to. */
  look(): Promise<void>;
  /** Called when the newest version of the connector has changed. */
  onNewest(listener: (version: string) => void): void;
}

/** Published with the list: signatures by minisign and GnuPG. */
const BESIDE_THE_LIST = [SUMS_FILE, SIGNATURE_FILE, `${SUMS_FILE}.asc`];
const LOOK_AT_FOLDER_MS = 60_000;
const LOOK_AT_URL_MS = 60 * 60_000;
const FETCH_TIMEOUT_MS = 10_000;

export async function openOfferedPackages(
  { PACKAGES_DIR: folder, PACKAGES_URL: url }: Pick<HubSettings, 'PACKAGES_DIR' | 'PACKAGES_URL'>,
  log: Log,
  { lookMs = folder === undefined ? LOOK_AT_URL_MS : LOOK_AT_FOLDER_MS } = {},
): Promise<OfferedPackages> {
  const base = url?.replace(/\/*$/, '/');
  const listeners: ((version: string) => void)[] = [];
  let packages: readonly ListedPackage[] = [];
  let names = new Set<string>();
  let lookedAtMs: number | undefined;
  let lastText = '';
  let lastProblem = '';

  const newestConnector = () => packages.find(({ program }) => program === 'connector')?.version;

  async function read(): Promise<string> {
    if (folder !== undefined) return readSums(join(folder, SUMS_FILE));
    return base === undefined ? '' : await fetchSums(`${base}${SUMS_FILE}`);
  }
  async function look(): Promise<void> {
    if ((folder ?? base) === undefined) return;
    if (lookedAtMs !== undefined && performance.now() - lookedAtMs < lookMs) return;
    lookedAtMs = performance.now();
    try {
      const text = await read();
      lastProblem = '';
      if (text !== lastText) use(text);
    } catch (error) {
      // The last list stays in use.
      if (errorText(error) !== lastProblem) log.warn({ err: error }, 'The list of packages cannot be read');
      lastProblem = errorText(error);
    }
  }
  function use(text: string): void {
    const files = parseSums(text);
    if (files === undefined) throw unusable('it is not a list of SHA-256 sums and file names');
    const before = newestConnector();
    lastText = text;
    names = new Set(files.map(({ name }) => name));
    packages = packagesAmong(files);
    const newest = newestConnector();
    log.info({ packages: packages.length, newestConnector: newest }, 'Packages offered');
    if (newest !== undefined && newest !== before) for (const listener of listeners) listener(newest);
  }

  await look();
  return {
    packages: () => packages,
    newestConnector,
    locate(name) {
      if (lastText === '' || (!names.has(name) && !BESIDE_THE_LIST.includes(name))) return undefined;
      if (folder !== undefined) return { file: join(folder, name) };
      return base === undefined ? undefined : { url: `${base}${name}` };
    },
    look,
    onNewest(listener) {
      listeners.push(listener);
    },
  };
}

function readSums(path: string): string {
  const { size } = statSync(path);
  if (size > MAX_SUMS_BYTES) throw unusable(`it has ${size} bytes`);
  return readFileSync(path, 'utf8');
}

async function fetchSums(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok || response.body === null) throw unusable(`HTTP ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_SUMS_BYTES) throw unusable(`it has more than ${MAX_SUMS_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unusable(why: string): CodedError {
  return new CodedError('PACKAGES_UNUSABLE', `${SUMS_FILE} of the packages cannot be used: ${why}`, {
    action: 'Set PACKAGES_DIR or PACKAGES_URL to the output of "npm run package".',
  });
}
