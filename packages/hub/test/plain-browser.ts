/** A minimal browser for tests: keeps cookies by path, shows forms, and follows redirects only on demand. */

export interface Shown {
  url: string;
  status: number;
  headers: Headers;
  text: string;
  /** The target of an HTTP redirect or a redirecting page. */
  onward: string | undefined;
}

export interface PlainBrowser {
  open(url: string, init?: RequestInit): Promise<Shown>;
  /** Follows redirects within this origin. */
  follow(shown: Shown): Promise<Shown>;
  /** Submits the page's form whose action ends so, with its hidden fields, and follows the redirect to the next login page. */
  submit(shown: Shown, actionEnd: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Shown>;
  cookies: Map<string, { value: string; path: string; attributes: string }>;
}

export function createPlainBrowser(): PlainBrowser {
  const cookies: PlainBrowser['cookies'] = new Map();

  async function request(url: string, init: RequestInit = {}): Promise<Shown> {
    const { pathname, origin } = new URL(url);
    const sent = [...cookies].filter(([, { path }]) => `${pathname}/`.startsWith(path.endsWith('/') ? path : `${path}/`));
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: {
        Accept: 'text/html',
        ...(sent.length === 0 ? {} : { Cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') }),
        ...init.headers,
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(attributes)) cookies.delete(name);
      else cookies.set(name, { value, path: /; *path=([^;]+)/i.exec(attributes)?.[1] ?? '/', attributes });
    }
    const text = await response.text();
    const refresh = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(text)?.[1];
    const onward = response.headers.get('Location') ?? (refresh === undefined ? undefined : unescaped(refresh));
    return { url, status: response.status, headers: response.headers, text, onward: onward && new URL(onward, origin).href };
  }

  const browser: PlainBrowser = {
    cookies,
    open: request,
    async follow(shown) {
      let at = shown;
      for (let hops = 0; at.onward !== undefined && new URL(at.onward).origin === new URL(shown.url).origin; hops++) {
        if (hops === 10) throw new Error(`It goes round in circles at ${at.url}`);
        at = await request(at.onward);
      }
      return at;
    },
    async submit(shown, actionEnd, fields, headers = {}) {
      const forms = [...shown.text.matchAll(/<form[^>]* action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)];
      const [, action = '', inside = ''] = forms.find(([, target = '']) => target.endsWith(actionEnd)) ?? [];
      if (action === '') throw new Error(`No form for ${actionEnd} on ${shown.url}: ${shown.status} ${shown.text}`);
      const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        unescaped(value),
      ]);
      const sent = await request(new URL(unescaped(action), shown.url).href, {
        method: 'POST',
        body: new URLSearchParams({ ...Object.fromEntries(hidden), ...fields }),
        headers: { Origin: new URL(shown.url).origin, ...headers },
      });
      const next = sent.status === 303 && sent.onward !== undefined ? new URL(sent.onward) : undefined;
      return next?.pathname.startsWith('/login/') ? request(next.href) : sent;
    },
  };
  return browser;
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
