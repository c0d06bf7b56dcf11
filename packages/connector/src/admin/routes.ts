/** The console over HTTP: the names it answers to, its files, who may see it, and what a form needs to be accepted. */
import { createSessionCookie, IMMUTABLE_HEADERS, isFromOwnPage, isLive, type OriginPolicy, SAFE_HEADERS, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { MAX_ZIP_BYTES } from '../transfer/read-zip.ts';
import { EDITOR_MODULES, EDITOR_SCRIPT, editorModule } from './assets.ts';
import type { HostCheck } from './own-host.ts';
import type { ConsoleContext, ConsoleEnv } from './page-context.ts';
import { logRoutes } from './pages/logs.ts';
import { mapperRoutes } from './pages/mapper.ts';
import { newCertificateRoutes } from './pages/new-certificate.ts';
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

export function consoleRoutes(parts: { context: ConsoleContext; password: ConsolePassword; isOwnHost: HostCheck }): Hono<ConsoleEnv> {
  const { context, password, isOwnHost } = parts;
  const sessions = createConsoleSessions(password.generation);
  // Strict: no other site links to a console.
  const policy = { sameSite: 'Strict', isSecure: () => false } as const;
  const cookie = createSessionCookie({
    session: { name: 'landbridge-console', ...policy },
    visitor: { name: 'landbridge-console-visitor', ...policy },
  });
  const origins: OriginPolicy = { isOwnOrigin: ({ protocol, host }) => protocol === 'http:' && isOwnHost(host) };
  const app = new Hono<ConsoleEnv>();

  const tooLarge = (c: Context) => context.showProblem(c, 413, 'Request too large', 'Nothing was changed.');
  const forms = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: tooLarge });
  const uploads = bodyLimit({ maxSize: MAX_UPLOAD_BYTES, onError: tooLarge });
  const rejectForm = (c: Context) =>
    context.showProblem(c, 403, 'Form rejected', 'It was not sent from a page of this session. Go back and submit it again.');

  app.use(async (c, next) => {
    // Under another name, do not even reveal that this is a console.
    if (!isOwnHost(c.req.header('Host'))) return c.text('Unknown host.', 421, SAFE_HEADERS);
    return next();
  });
  context.addAssets(app);
  app.get(EDITOR_SCRIPT.path, (c) => c.body(EDITOR_SCRIPT.text, 200, { ...IMMUTABLE_HEADERS, 'Content-Type': EDITOR_SCRIPT.type }));
  for (const path of Object.values(EDITOR_MODULES)) {
    const headers = { ...IMMUTABLE_HEADERS, 'Content-Type': EDITOR_SCRIPT.type, 'Cache-Control': 'no-cache' };
    app.get(path, (c) => c.body(editorModule(path) ?? '', 200, headers));
  }

  app.use(async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    return c.req.method === 'POST' && isFromOwnPage(c, origins) ? next() : rejectForm(c);
  });
  app.route('/', consoleSignInRoutes({ context, password, sessions, cookie }));

  const pages = new Hono<ConsoleEnv>()
    .use(async (c, next) => {
      const session = sessions.find(cookie.read(c), !isLive(c));
      if (session === undefined) return c.redirect('/sign-in', 303);
      c.set('session', session);
      return next();
    })
    .use((c, next) => (c.req.path === '/transfer/import' ? uploads(c, next) : forms(c, next)))
    .use(async (c, next) => {
      if (c.req.method !== 'POST') return next();
      const form = await c.req.formData().catch(() => undefined);
      const token = form?.get('token');
      if (form === undefined || typeof token !== 'string' || !sameText(token, context.tokenOf(c))) return rejectForm(c);
      c.set('form', form);
      return next();
    })
    .route('/', statusRoutes(context))
    .route('/', setupRoutes(context))
    .route('/', settingsRoutes(context))
    .route('/', serverRoutes(context))
    .route('/', newCertificateRoutes(context))
    .route('/', mapperRoutes(context))
    .route('/', searchRoutes(context))
    .route('/', transferRoutes(context))
    .route('/', logRoutes(context))
    .route('/', troubleshootingRoutes(context))
    .route('/', updateRoutes(context));

  app.route('/', pages);
  context.addErrors(app);
  return app;
}
