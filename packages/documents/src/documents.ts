/**
 * The documents: which pages there are, in which order for which reader, and what each contains. `docs/README.md` is the start page and the
 * table of contents: each of its second headings is a reader, and the links below it are pages for them.
 */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Rendered, render, type Section } from './render.ts';

export interface DocumentPage {
  /** Its address below the site's root; empty: the start page. */
  name: string;
  title: string;
  /** @param to makes the address of a page or file, relative to this page */
  html: (to: AddressOf) => string;
  sections: Section[];
}

/** @param name of a page or file @param anchor without `#` */
export type AddressOf = (name: string, anchor: string) => string;

export interface Documents {
  pages: ReadonlyMap<string, DocumentPage>;
  contents: readonly { reader: string; names: readonly string[] }[];
  /** What pages link to besides pages, such as alert rules, by name. */
  files: ReadonlyMap<string, string>;
}

/** The repository, or in a package the folder with the same files. */
const ROOT = new URL('../../../', import.meta.url);
const PAGES = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md', 'docs/**/*.md'];
const FILES = ['docs/**/*.{yml,yaml,json,conf,service,mjs,ps1,sh}'];
/** Stands for an address that depends on the page's own. */
const LINK = /\{\{([^{}#]*)#([^{}#]*)\}\}/g;

/** @throws if a file cannot be read */
export function loadDocuments(): Documents {
  const root = fileURLToPath(ROOT);
  const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
  const names = new Map(globSync(PAGES, { cwd: root }).map((file) => [file, nameOf(file)]));
  const files = new Map(globSync(FILES, { cwd: root }).map((file) => [file.slice('docs/'.length), read(file)]));

  function renderFile(file: string): Rendered {
    return render(read(file), (target) => {
      const [path = '', anchor = ''] = target.split('#');
      const linked = path === '' ? file : posix.join(posix.dirname(file), path);
      const name = names.get(linked) ?? (files.has(linked.slice('docs/'.length)) ? linked.slice('docs/'.length) : undefined);
      return name === undefined ? undefined : `{{${name}#${anchor}}}`;
    });
  }
  const pages = new Map(
    [...names].map(([file, name]) => {
      const { title, html, sections } = renderFile(file);
      return [
        name,
        { name, title, sections, html: (to: AddressOf) => html.replaceAll(LINK, (_, linked, anchor) => to(linked, anchor)) },
      ] as const;
    }),
  );
  return { pages, files, contents: contentsOf(renderFile('docs/README.md').html) };
}

function nameOf(file: string): string {
  if (file === 'docs/README.md') return '';
  const name = file.replace(/\.md$/, '');
  return name.startsWith('docs/') ? name.slice('docs/'.length).replace(/\/README$/, '') : name.toLowerCase();
}

function contentsOf(start: string): Documents['contents'] {
  return start
    .split(/<h2 id="[^"]*">/)
    .slice(1)
    .map((part) => {
      const [reader = '', list = ''] = part.split('</h2>');
      return { reader, names: [...list.matchAll(LINK)].map(([, name = '']) => name) };
    });
}
