/** The HTTP edge and the admin shell that connector and hub share. What differs between them is a policy that the caller passes in. */
export { accentProblem, accentStyle } from './accent.ts';
export { type AdminSite, createAdminSite, isLive, type Message } from './admin-site.ts';
export { APPLICATION_STYLE, createAsset, ICON_ASSET, IMMUTABLE_HEADERS } from './assets.ts';
export { invalidRequest, readForm, readJsonBody, readQuery } from './body.ts';
export { barChart, lineChart } from './charts.ts';
export {
  type ClientContext,
  clientAddressOf,
  clientContextOf,
  NO_PROXIES,
  noteClientContext,
  plainAddress,
} from './client-context.ts';
export { type Confirmation, confirmation } from './confirmation.ts';
export { type Cookie, createCookie, createSessionCookie, type SessionCookie } from './cookies.ts';
export {
  checkBox,
  choiceField,
  dot,
  entries,
  field,
  fieldProblem,
  fileField,
  milliseconds,
  type SortableColumn,
  table,
  textArea,
  time,
  tokenField,
} from './elements.ts';
export { isFromOwnPage, type OriginPolicy } from './form-origin.ts';
export { LANGUAGES, type Language, languageFor, type PlainKey, type Speech, speechIn } from './languages.ts';
export { LOGIN_SCRIPT, scriptTexts, waitText } from './login-script.ts';
export { type Html, type Page, type PageFrame, page, SAFE_HEADERS } from './page.ts';
export { hashPassword, isPassword, MIN_PASSWORD_LENGTH } from './password-hash.ts';
export { alertOf, ended, problemOf, sentence } from './problems.ts';
export { hashOfToken, newSecretToken, sameText } from './secret-token.ts';
export { createWebServer, TLS_DEFAULTS, type WebServer } from './server.ts';
export { createMemorySessions, hasSessionEnded, type MemorySessions, type SessionLimits } from './sessions.ts';
export { STYLE } from './style.ts';
export { addThemeRoutes, themeOf, themeSwitch } from './theme.ts';
export { createThrottle } from './throttle.ts';
