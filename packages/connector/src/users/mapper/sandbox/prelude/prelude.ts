/**
 * The globals of a custom mapper besides the language, as a program for the sandbox.
 *
 * The functions of this folder are not called here: their text is evaluated inside the sandbox, so they use nothing from outside themselves. That
 * happens once per engine, so it may take its time. The host treats what they return as untrusted bytes: a mapper can change every built-in
 * used here, and so return whatever it likes, in its own name.
 */
import { bufferPrelude } from './buffer.ts';
import { harness } from './harness.ts';
import { modulesPrelude } from './modules.ts';
import { urlPrelude } from './url.ts';

/** What `hostFunctions` offers. */
export interface Host {
  log(line: string): void;
  encode(bytes: ArrayBuffer, encoding: string): string;
  decode(text: string, encoding: string): ArrayBuffer;
  /** The names for `digest`, as JSON. */
  hashes(): string;
  /** Bytes if the encoding is empty. */
  digest(algorithm: string, data: ArrayBuffer | string, encoding: string, key?: ArrayBuffer): ArrayBuffer | string;
  random(size: number): ArrayBuffer;
  url(value: string, base?: string): string;
  urlWith(href: string, part: string, value: string): string;
}

/** A function of the host object and a JSON text of settings; it returns the harness. */
export const PRELUDE_SOURCE = `(function (host, settingsJson) {
  const settings = JSON.parse(settingsJson);
  (${bufferPrelude.toString()})(host);
  (${urlPrelude.toString()})(host);
  const modules = (${modulesPrelude.toString()})(host);
  return (${harness.toString()})(host, settings, modules);
})`;
