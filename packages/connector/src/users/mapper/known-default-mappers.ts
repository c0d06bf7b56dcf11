/**
 * The default mappers of Auth0 connectors. Every installation and export of theirs contains one, usually unmodified. The
 * built-in mapper does the same without a sandbox.
 */
import { createHash } from 'node:crypto';

/** SHA-256 of the output of `withoutComments`. */
const FINGERPRINTS: ReadonlySet<string> = new Set([
  // 2013-12
  'c5e3578f7938ee0abffa10efc4e02e489e01d16d7c36fd0baf906503e701cca6',
  // 2014-11
  'd67efd46b44faf1880ca2512e465b60f6552257f7bb45bb146c34ede116b6da9',
  // 2014-12
  '8fe1ce484d9a282f11e89bc558fef975445a0abd08d5524dedfa6846fdbf8b27',
  // 2015-05, and 2015-10 to 6.4.1
  'abd6dbaab504bec8f5c80e0be14fe9079ba6d218932b33c390eb2985446722b3',
  // one release in 2015-10
  '1cbd60a8d0266979d0c3d743293fd61de8d2f05a0581c02e0ac5693a796e49fa',
  // Ours, as the console shows it.
  'fa6baa7ed30f2f92f7e8382b0759cd6a4bcb27af881ed55a1b6283efd62a5a6e',
]);

/** @param source the mapper's file, with any line endings, byte order mark and comments */
export function isKnownDefaultMapper(source: string): boolean {
  return FINGERPRINTS.has(mapperFingerprint(source));
}

export function mapperFingerprint(source: string): string {
  return createHash('sha256').update(withoutComments(source)).digest('hex');
}

/** @returns the source without byte order mark, comments and white space. A `//` after a colon or quotation mark belongs to a string. */
function withoutComments(source: string): string {
  return source
    .replace(/^\uFEFF/, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|[^:'"])\/\/[^\r\n]*/g, '$1')
    .replace(/\s+/g, '');
}
