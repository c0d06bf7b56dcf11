/**
 * The files that define this connector (settings, profile mapper, key and certificate), replaced together: all or none. A replacement is
 * written to one file first, so that the next start finishes it if it was interrupted. The previous files are kept for undo.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, LET_READ, readTextIfExists, writePrivateFile } from '@landbridge/runtime';
import { z } from 'zod';
import { type FileContent, readConfigFile } from './config-file.ts';
import type { ConnectorHome } from './home.ts';

export interface HomeFiles {
  settings: FileContent;
  /** The source of the mapper in the home; undefined: the default mapper is used. */
  mapper: string | undefined;
  /** Undefined: none yet. The exact texts of the files, because the service account's password is encrypted with the text of the key. */
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

/** Exists only while files are replaced. */
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
 * Replaces the files, with mode 0600, in the layout of the home. A key is never removed: without a certificate in `files` the present
 * one stays.
 *
 * @param before what undo goes back to; undefined keeps the last one
 * @throws CodedError HOME_FILES_NOT_WRITABLE. Either nothing has changed, or loading the configuration finishes the replacement.
 */
export function replaceHomeFiles(home: ConnectorHome, files: HomeFiles, before: HomeFiles | undefined): void {
  if (before !== undefined) saveLastGood(home, before);
  writing(home, () => {
    // After this, the replacement will be finished, whatever happens.
    writePrivateFile(join(home.folder, JOURNAL), JSON.stringify(files));
    finish(home, files);
  });
}

/** Finishes an interrupted `replaceHomeFiles`, if there is one. @throws CodedError HOME_FILES_NOT_WRITABLE */
export function finishReplacement(home: ConnectorHome): void {
  const path = join(home.folder, JOURNAL);
  const text = readText(path);
  if (text === undefined) return;
  const files = complete(parse(homeFiles, path, text));
  writing(home, () => finish(home, files));
}

/** @throws CodedError HOME_FILES_NOT_WRITABLE */
export function saveLastGood(home: ConnectorHome, files: HomeFiles): void {
  writing(home, () => writePrivateFile(join(home.folder, LAST_GOOD), JSON.stringify({ savedAt: new Date().toISOString(), files })));
}

/** @returns the files before the last change, and when they were saved; undefined if nothing was changed yet */
export function readLastGood(home: ConnectorHome): { savedAt: Date; files: HomeFiles } | undefined {
  const path = join(home.folder, LAST_GOOD);
  const text = readText(path);
  if (text === undefined) return undefined;
  const { savedAt, files } = parse(lastGoodFiles, path, text);
  return { savedAt: new Date(savedAt), files: complete(files) };
}

/** Idempotent: another process may run it again. */
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

/** JSON drops undefined keys; this restores them. */
function complete(files: z.infer<typeof homeFiles>): HomeFiles {
  return { settings: files.settings, mapper: files.mapper, certificate: files.certificate };
}

function parse<T>(schema: z.ZodType<T>, path: string, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The parser's message would quote the file, which may hold a key.
    throw new CodedError('HOME_FILES_UNREADABLE', `${path} is damaged`, {
      action: 'Move it away, then check config.json and certs/.',
    });
  }
}

function readText(path: string): string | undefined {
  return readTextIfExists(path, (cause) => new CodedError('HOME_FILES_UNREADABLE', `${path} cannot be read`, { action: LET_READ, cause }));
}

function writing(home: ConnectorHome, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new CodedError('HOME_FILES_NOT_WRITABLE', `The files in ${home.folder} cannot be written`, {
      action: 'Allow the account that runs the connector to write there, and check that the disk is not full.',
      cause,
    });
  }
}
