/** A reproducible zip of one folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { type Zippable, zipSync } from 'fflate';

export function makeZip(folder: string, file: string, epoch: number): void {
  // fflate writes the local time.
  const universal = new Date(epoch * 1000);
  const mtime = new Date(universal.getTime() + universal.getTimezoneOffset() * 60_000);
  const content: Zippable = {};
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  for (const path of paths) {
    const name = [basename(folder), ...relative(folder, path).split(sep)].join('/');
    content[name] = [readFileSync(path), { mtime, level: 6 }];
  }
  writeFileSync(file, zipSync(content));
}
