/** How the pages of both programs look, and what keeps others away from them. */
export { APPLICATION_STYLE, LIVE_SCRIPT } from './application-assets.ts';
export { applicationBody, applicationPage, type Message } from './application-page.ts';
export { type Confirmation, confirmation } from './confirmation.ts';
export { checkBox, dot, entries, field, milliseconds, table, textArea, time, tokenField } from './elements.ts';
export { fromOwnPage, sameText } from './forms.ts';
export { type Html, type Page, page, SAFE_HEADERS } from './page.ts';
export { STYLE } from './style.ts';
