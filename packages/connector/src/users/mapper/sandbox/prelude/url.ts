/** `URL` and `URLSearchParams`. Runs in the sandbox (see `prelude.ts`); the host parses. */
import type { Host } from './prelude.ts';

export function urlPrelude(host: Host): void {
  const plus = (text: string) => decodeURIComponent(text.replace(/\+/g, ' ').replace(/%(?![0-9a-f]{2})/gi, '%25'));
  const form = (text: string) =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/%20/g, '+');

  /** The host's error has the prototype of another realm. */
  function parse(value: unknown, base: unknown): Record<string, string> {
    try {
      return JSON.parse(base === undefined ? host.url(String(value)) : host.url(String(value), String(base)));
    } catch {
      throw new TypeError('Invalid URL');
    }
  }

  class SearchParams {
    #pairs: [string, string][] = [];
    #onChange: (() => void) | undefined;
    constructor(value: unknown = '', onChange?: () => void) {
      this.#onChange = onChange;
      if (typeof value === 'object' && value !== null) {
        const pairs = (Symbol.iterator in value ? [...(value as Iterable<[unknown, unknown]>)] : Object.entries(value)) as [
          unknown,
          unknown,
        ][];
        this.#pairs = pairs.map(([name, item]) => [String(name), String(item)]);
      } else {
        this.#pairs = String(value)
          .replace(/^\?/, '')
          .split('&')
          .filter((pair) => pair !== '')
          .map((pair) => {
            const at = pair.indexOf('=');
            return at < 0 ? [plus(pair), ''] : [plus(pair.slice(0, at)), plus(pair.slice(at + 1))];
          });
      }
    }
    get size() {
      return this.#pairs.length;
    }
    get(name: unknown) {
      return this.#pairs.find(([key]) => key === String(name))?.[1] ?? null;
    }
    getAll(name: unknown) {
      return this.#pairs.filter(([key]) => key === String(name)).map(([, value]) => value);
    }
    has(name: unknown) {
      return this.#pairs.some(([key]) => key === String(name));
    }
    append(name: unknown, value: unknown) {
      this.#pairs.push([String(name), String(value)]);
      this.#onChange?.();
    }
    delete(name: unknown) {
      this.#pairs = this.#pairs.filter(([key]) => key !== String(name));
      this.#onChange?.();
    }
    set(name: unknown, value: unknown) {
      const at = this.#pairs.findIndex(([key]) => key === String(name));
      this.#pairs = this.#pairs.filter(([key], place) => key !== String(name) || place === at);
      if (at < 0) this.#pairs.push([String(name), String(value)]);
      else this.#pairs[at] = [String(name), String(value)];
      this.#onChange?.();
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#onChange?.();
    }
    forEach(visit: (value: string, name: string, all: unknown) => void) {
      for (const [name, value] of this.#pairs) visit(value, name, this);
    }
    keys() {
      return this.#pairs.map(([name]) => name).values();
    }
    values() {
      return this.#pairs.map(([, value]) => value).values();
    }
    entries() {
      return this.#pairs.map((pair) => [...pair]).values();
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    toString() {
      return this.#pairs.map(([name, value]) => `${form(name)}=${form(value)}`).join('&');
    }
  }

  class Url {
    #parts: Record<string, string>;
    readonly searchParams: SearchParams;
    constructor(value: unknown, base?: unknown) {
      this.#parts = parse(value, base);
      this.searchParams = new SearchParams(this.#parts.search, () => this.change('search', this.searchParams.toString()));
    }
    static canParse(value: unknown, base?: unknown): boolean {
      try {
        return new Url(value, base) !== undefined;
      } catch {
        return false;
      }
    }
    part(name: string) {
      return this.#parts[name];
    }
    change(name: string, value: unknown) {
      this.#parts = JSON.parse(host.urlWith(this.#parts.href ?? '', name, String(value)));
    }
    toString() {
      return this.#parts.href;
    }
    toJSON() {
      return this.#parts.href;
    }
  }
  for (const name of ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']) {
    Object.defineProperty(Url.prototype, name, {
      get(this: Url) {
        return this.part(name);
      },
      set(this: Url, value: unknown) {
        this.change(name, value);
      },
    });
  }
  Object.defineProperty(Url, 'name', { value: 'URL' });
  Object.defineProperty(SearchParams, 'name', { value: 'URLSearchParams' });
  Object.assign(globalThis, { URL: Url, URLSearchParams: SearchParams });
}
