/**
 * The globals of a custom mapper beyond the language itself, as a program for the sandbox.
 *
 * The functions in this folder are not called here. Their text is evaluated inside the sandbox, so they use nothing from outside. This
 * happens once per engine, so it may be slow. The host treats their results as untrusted bytes: a mapper can change every built-in
 * function used here, and so return any result.
 */
import { bufferPrelude } from './buffer.ts';
import { harness } from './harness.ts';
import { modulesPrelude } from './modules.ts';
import { urlPrelude } from './url.ts';

/** The functions of `hostFunctions`. */
export interface Host {
  log(line: string): void;
  encode(bytes: ArrayBuffer, encoding: string): string;
  decode(text: string, encoding: string): ArrayBuffer;
  /** The names for `digest`, as JSON. */
  hashes(): string;
  /** Returns bytes if the encoding is empty. */
  digest(algorithm: string, data: ArrayBuffer | string, encoding: string, key?: ArrayBuffer): ArrayBuffer | string;
  random(size: number): ArrayBuffer;
  url(value: string, base?: string): string;
  urlWith(href: string, part: string, value: string): string;
}

/** Takes the host object and a JSON string of settings, and returns the harness. */
export const PRELUDE_SOURCE = `(function (host, settingsJson) {
  const settings = JSON.parse(settingsJson);
  (${bufferPrelude.toString()})(host);
  (${urlPrelude.toString()})(host);
  const modules = (${modulesPrelude.toString()})(host);
  return (${harness.toString()})(host, settings, modules);
})`;
