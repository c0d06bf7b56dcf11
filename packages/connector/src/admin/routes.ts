/** The console over HTTP: for which names it answers, its files, who may see it, what a form needs to be taken, and what a fault looks like. */

import { CodedError } from '@landbridge/runtime';
import { createSessionCookie, isFromOwnPage, type OriginPolicy, SAFE_HEADERS, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import { MAX_ZIP_BYTES } from '../transfer/read-zip.ts';
import { ASSETS, EDITOR_MODULES, editorModule } from './assets.ts';
import { type Desk, type Env, isLive, sentence } from './desk.ts';
import { frame } from './frame.ts';
import type { HostCheck } from './own-host.ts';
import { logRoutes } from './pages/logs.ts';
import { mapperRoutes } from './pages/mapper.ts';
import { searchRoutes } from './pages/search.ts';
import { serverRoutes } from './pages/server.ts';
import { settingsRoutes } from './pages/settings.ts';
import { setupRoutes } from './pages/setup.ts';
import { consoleSignInRoutes } from './pages/sign-in.ts';
import { statusRoutes } from './pages/status.ts';
import { transferRoutes } from './pages/transfer.ts';
import { troubleshootingRoutes } from './pages/troubleshooting.ts';
import { updateRoutes } from './pages/update.ts';
import type { ConsolePassword } from './password.ts';
import { createConsoleSessions } from './sessions.ts';

const MAX_FORM_BYTES = 2 * 1024 * 1024;
/** An import, with the form around it. */
const MAX_UPLOAD_BYTES = MAX_ZIP_BYTES + 64 * 1024;

export function consoleRoutes({ desk, password, isOwnHost }: { desk: Desk; password: ConsolePassword; isOwnHost: HostCheck }): Hono<Env> {
  const sessions = createConsoleSessions();
  // Strict: no other site links to a console.
  const policy = { sameSite: 'Strict', isSecure: () => false } as const;
  const cookie = createSessionCookie({
    session: { name: 'landbridge-console', ...policy },
    visitor: { name: 'landbridge-console-visitor', ...policy },
  });
  const app = new Hono<Env>();
  const origins: OriginPolicy = { isOwnOrigin: ({ protocol, host }) => protocol === 'http:' && isOwnHost(host) };

  function fault(c: Context, status: 400 | 403 | 404 | 413 | 421 | 500, title: string, text: string): Response | Promise<Response> {
    const page = frame({
      title,
      main: html`<div class="login"><header><p class="product">Landbridge connector</p><h1>${title}</h1></header>
<section><p role="alert">${text}</p><p><a href="/">To the first page</a></p></section></div>`,
    });
    return c.html(page.html, status, page.headers);
  }
  const tooLarge = (c: Context) => fault(c, 413, 'That is too large', 'Nothing was changed.');
  const forms = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: tooLarge });
  const uploads = bodyLimit({ maxSize: MAX_UPLOAD_BYTES, onError: tooLarge });

  app.use(async (c, next) => {
    // Under another name, do not even reveal that this is a console.
    if (!isOwnHost(c.req.header('Host'))) return c.text('Unknown host.', 421, SAFE_HEADERS);
    return next();
  });
  for (const { path, text, type } of Object.values(ASSETS)) app.get(path, (c) => c.body(text, 200, assetHeaders(type)));
  for (const path of Object.values(EDITOR_MODULES)) {
    app.get(path, (c) =>
      c.body(editorModule(path) ?? '', 200, { ...assetHeaders('text/javascript; charset=utf-8'), 'Cache-Control': 'no-cache' }),
    );
  }

  app.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    if (c.req.method !== 'POST' || !isFromOwnPage(c, origins)) {
      return fault(c, 403, 'Nothing was changed', 'The form did not come from a page of this console. Go back, and send it again.');
    }
    return next();
  });
  app.route('/', consoleSignInRoutes({ desk, password, sessions, cookie }));

  const pages = new Hono<Env>()
    .use(async (c, next) => {
      const session = sessions.find(cookie.read(c), !isLive(c));
      if (session === undefined) return c.redirect('/sign-in', 303);
      c.set('session', session);
      return next();
    })
    .use((c, next) => (c.req.path === '/transfer/import' ? uploads(c, next) : forms(c, next)))
    .use(async (c, next) => {
      if (c.req.method !== 'POST') return next();
      const form = await readForm(c);
      const token = form?.get('token');
      if (form === undefined || typeof token !== 'string' || !sameText(token, c.get('session').formToken)) {
        return fault(c, 403, 'Nothing was changed', 'The form did not come from a page of this session. Go back, and send it again.');
      }
      c.set('form', form);
      return next();
    })
    .route('/', statusRoutes(desk))
    .route('/', setupRoutes(desk))
    .route('/', settingsRoutes(desk))
    .route('/', serverRoutes(desk))
    .route('/', mapperRoutes(desk))
    .route('/', searchRoutes(desk))
    .route('/', transferRoutes(desk))
    .route('/', logRoutes(desk))
    .route('/', troubleshootingRoutes(desk))
    .route('/', updateRoutes(desk));

  app.route('/', pages);
  app.all('*', (c) => fault(c, 404, 'There is no such page', 'The address is not one of the console.'));
  app.onError((error, c) => {
    const text = sentence(error);
    if (error instanceof CodedError && text !== undefined) {
      return fault(c, error.code === 'CONSOLE_NOT_SET_UP' ? 404 : 400, 'That did not work', text);
    }
    desk.log.error({ err: error }, 'A page of the console failed');
    return fault(c, 500, 'That did not work', 'The console failed; the log says why.');
  });
  return app;
}

/** @returns undefined where it is no form */
async function readForm(c: Context): Promise<FormData | undefined> {
  try {
    return await c.req.formData();
  } catch {
    return undefined;
  }
}

function assetHeaders(type: string): Record<string, string> {
  return {
    'Content-Type': type,
    'Cache-Control': 'public, max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}
