/**
 * The files that make this connector what it is (settings, profile mapper, key and certificate), replaced together: all of them or
 * none. A replacement is written down as a whole first, and finished at the next start where it was interrupted. What was there before
 * is kept, to go back to.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import { type FileContent, readConfigFile } from './config-file.ts';
import type { ConnectorHome } from './home.ts';
import { writePrivateFile } from './write-private-file.ts';

export interface HomeFiles {
  settings: FileContent;
  /** The source of the mapper in the home's own file; undefined: none, so the default one maps. */
  mapper: string | undefined;
  /** Undefined: none yet. The texts as they stand in the files: the service account's password is encrypted with the key's. */
  certificate: { certificatePem: string; privateKeyPem: string } | undefined;
}

/** The files of a connector that is configured by the environment only. */
export const NO_FILES: HomeFiles = { settings: {}, mapper: undefined, certificate: undefined };

const homeFiles = z.object({
  settings: z.record(z.string(), z.unknown()),
  mapper: z.string().optional(),
  certificate: z.object({ certificatePem: z.string(), privateKeyPem: z.string() }).optional(),
});
const lastGoodFiles = z.object({ savedAt: z.iso.datetime(), files: homeFiles });

/** There only while files are replaced. */
const JOURNAL = 'replacement.json';
const LAST_GOOD = 'last-good.json';

/** @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON, HOME_FILES_UNREADABLE */
export function readHomeFiles(home: ConnectorHome): HomeFiles {
  const [certificatePem, privateKeyPem] = [readText(home.certFile), readText(home.keyFile)];
  return {
    settings: readConfigFile(home.configFile),
    mapper: readText(home.profileMapperFile),
    certificate: certificatePem === undefined || privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem },
  };
}

/**
 * Writes these files in place of those that are there; mode 0600, in the home's own layout. A key is never removed: without a
 * certificate in `files` the present one stays.
 *
 * @param before what to keep to go back to; undefined keeps what was kept
 * @throws CodedError HOME_FILES_NOT_WRITABLE. Nothing has changed then, or the rest is done when the configuration is next read.
 */
export function replaceHomeFiles(home: ConnectorHome, files: HomeFiles, before: HomeFiles | undefined): void {
  try {
    if (before !== undefined) keepLastGood(home, before);
    // From here on it is done, whatever happens.
    writePrivateFile(join(home.folder, JOURNAL), JSON.stringify(files));
    finish(home, files);
  } catch (error) {
    throw notWritable(home, error);
  }
}

/** Does what an interrupted `replaceHomeFiles` had left to do; nothing where there is nothing. @throws CodedError HOME_FILES_NOT_WRITABLE */
export function finishReplacement(home: ConnectorHome): void {
  const path = join(home.folder, JOURNAL);
  const text = readText(path);
  if (text === undefined) return;
  const files = complete(parse(homeFiles, path, text));
  try {
    finish(home, files);
  } catch (error) {
    throw notWritable(home, error);
  }
}

/** @throws CodedError HOME_FILES_NOT_WRITABLE */
export function saveLastGood(home: ConnectorHome, files: HomeFiles): void {
  try {
    keepLastGood(home, files);
  } catch (error) {
    throw notWritable(home, error);
  }
}

/** @returns what was there before the last replacement, and since when; undefined where nothing was replaced yet */
export function readLastGood(home: ConnectorHome): { savedAt: Date; files: HomeFiles } | undefined {
  const path = join(home.folder, LAST_GOOD);
  const text = readText(path);
  if (text === undefined) return undefined;
  const { savedAt, files } = parse(lastGoodFiles, path, text);
  return { savedAt: new Date(savedAt), files: complete(files) };
}

function keepLastGood(home: ConnectorHome, files: HomeFiles): void {
  writePrivateFile(join(home.folder, LAST_GOOD), JSON.stringify({ savedAt: new Date().toISOString(), files }));
}

/** Can be done again, by the same or another process, with the same result. */
function finish(home: ConnectorHome, files: HomeFiles): void {
  if (files.certificate !== undefined) {
    writePrivateFile(home.keyFile, files.certificate.privateKeyPem);
    writePrivateFile(home.certFile, files.certificate.certificatePem);
  }
  if (files.mapper === undefined) rmSync(home.profileMapperFile, { force: true });
  else writePrivateFile(home.profileMapperFile, files.mapper);
  writePrivateFile(home.configFile, `${JSON.stringify(files.settings, null, 2)}\n`);
  rmSync(join(home.folder, JOURNAL), { force: true });
}

/** What JSON leaves out is undefined. */
function complete(files: z.infer<typeof homeFiles>): HomeFiles {
  return { settings: files.settings, mapper: files.mapper, certificate: files.certificate };
}

function parse<T>(schema: z.ZodType<T>, path: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The parser's message would quote the file, and so perhaps a key.
    throw new CodedError('HOME_FILES_UNREADABLE', `${path} is not what the connector wrote there`, {
      action: 'Move it away. config.json and certs/ are not touched by that; look whether they are as they should be.',
    });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CodedError('HOME_FILES_UNREADABLE', `${path} cannot be read`, {
      action: 'Give the user that runs the connector the right to read it.',
      cause: error,
    });
  }
}

function notWritable(home: ConnectorHome, cause: unknown): CodedError {
  return new CodedError('HOME_FILES_NOT_WRITABLE', `The files in ${home.folder} cannot be written`, {
    action: 'Give the user that runs the connector the right to write there, and see that the disk is not full.',
    cause,
  });
}
