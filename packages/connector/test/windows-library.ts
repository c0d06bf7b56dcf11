/** Windows' functions for tickets on the machine of the tests: compiles the library in C beside this file, and makes tokens that it understands. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

const COMPILER = '/usr/bin/gcc';

export interface WindowsLibrary {
  /** For both of its libraries. */
  path: string;
  /** Handles and memory blocks that were allocated and not freed. */
  outstanding(): number;
  /** Calls that Windows does not allow. */
  mistakes(): number;
  /** The highest number of tokens processed at the same time. */
  mostRunning(): number;
  /** Lets this many held tokens continue. */
  release(count: number): void;
  /** The result of AcquireCredentialsHandle from now on. */
  setAcquireStatus(status: number): void;
  /** The computer's domain; empty for none. */
  setDomain(name: string): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Script {
  status?: number;
  attributes?: number;
  /** The attribute that cannot be queried. */
  failingAttribute?: number;
  /** Up to 16 are the end of the token. */
  responseBytes?: number;
  holds?: boolean;
  /** null: a null pointer */
  packageName?: string | null;
  user?: string | null;
  client?: string | null;
  server?: string | null;
}

/** @returns why it cannot be made here, for `skip:` of a test; never with CI set, where it must */
export function whyNoWindowsLibrary(): string | false {
  if (process.env.CI === 'true' || existsSync(COMPILER)) return false;
  return `${COMPILER} is not installed (Debian package gcc)`;
}

export async function makeWindowsLibrary(): Promise<WindowsLibrary> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-windows-'));
  const path = join(folder, 'windows.so');
  const source = join(import.meta.dirname, 'windows-library.c');
  const { status, error, stderr } = spawnSync(
    COMPILER,
    ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-D_GNU_SOURCE', '-o', path, source, '-pthread'],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${COMPILER} failed: ${error?.message ?? stderr}`);
  const library = koffi.load(path);
  return {
    path,
    outstanding: library.func('test_outstanding', 'int', []),
    mistakes: library.func('test_mistakes', 'int', []),
    mostRunning: library.func('test_most_running', 'int', []),
    release: library.func('test_release', 'void', ['int']),
    setAcquireStatus: library.func('test_acquire_status', 'void', ['int32_t']),
    setDomain: library.func('test_domain', 'void', ['str16']),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Kerberos, as encoded at the beginning of a browser's token (RFC 4178, section 4.2.1). */
const KERBEROS_MECHANISM = Buffer.from('06092a864886f712010202', 'hex');

/** A token for which Windows gives these results; by default those for a ticket of alice. */
export function tokenFor(script: Script = {}, padding = Buffer.from('the end of token')): Buffer {
  const { status = 0, attributes = 0x2, failingAttribute = 0, responseBytes = 16, holds = false } = script;
  const { packageName = 'Kerberos', user = 'FABRIKAM\\alice', client = 'alice@FABRIKAM.LOCAL' } = script;
  const { server = 'HTTP/sso.fabrikam.local@FABRIKAM.LOCAL' } = script;
  const numbers = Buffer.alloc(20);
  numbers.writeInt32LE(status | 0, 0);
  for (const [index, number] of [attributes, failingAttribute, responseBytes, Number(holds)].entries()) {
    numbers.writeUInt32LE(number, 4 + 4 * index);
  }
  const strings = [packageName, user, client, server].map((text) => Buffer.from(`${text ?? '\u0001'}\0`, 'utf16le'));
  return Buffer.concat([KERBEROS_MECHANISM, Buffer.from('SCRIPT:'), numbers, ...strings, padding]);
}
