/** Downloads of the offered packages, for everyone: packages are not secret, and a new machine has no credentials yet. */
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { SIGNATURE_FILE, SUMS_FILE } from '@landbridge/protocol';
import { Hono } from 'hono';
import type { OfferedPackages } from './offered-packages.ts';

/** Each holds a file and a socket. */
const MAX_DOWNLOADS = 50;
/** A client that reads more slowly is cut off, because it would hold a place. */
const MAX_DOWNLOAD_MS = 30 * 60_000;
const NOT_FOUND = { error: { code: 'not_found', message: 'There is no such package' } };

export function packageRoutes(offered: OfferedPackages, { maxDownloads = MAX_DOWNLOADS } = {}): Hono {
  let downloads = 0;
  return new Hono().get('/:name', async (c) => {
    const name = c.req.param('name');
    // Only names from the list become paths.
    const place = offered.locate(name);
    if (place === undefined) return c.json(NOT_FOUND, 404);
    if ('url' in place) return c.redirect(place.url, 302);
    if (downloads >= maxDownloads) {
      return c.json({ error: { code: 'busy', message: 'Too many downloads' } }, 503, { 'Retry-After': '60' });
    }
    downloads++;
    let isCounted = true;
    const release = () => {
      if (isCounted) downloads--;
      isCounted = false;
    };
    const found = await openFile(place.file);
    if (found === undefined) {
      release();
      return c.json(NOT_FOUND, 404);
    }
    const isText = name === SUMS_FILE || name === SIGNATURE_FILE || name.endsWith('.asc');
    const headers = {
      'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'Content-Length': String(found.size),
      'Cache-Control': 'no-cache',
      ...(isText ? {} : { 'Content-Disposition': `attachment; filename="${name}"` }),
    };
    if (c.req.method === 'HEAD') {
      release();
      await found.handle.close();
      return c.body(null, 200, headers);
    }
    const stream = createReadStream('', { fd: found.handle, signal: AbortSignal.timeout(MAX_DOWNLOAD_MS) });
    stream.once('close', release);
    return c.body(Readable.toWeb(stream), 200, headers);
  });
}

/** @returns undefined for anything but a regular file: a link could lead out of the folder */
async function openFile(path: string): Promise<{ handle: FileHandle; size: number } | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, size: stats.size };
  await handle.close();
  return undefined;
}
