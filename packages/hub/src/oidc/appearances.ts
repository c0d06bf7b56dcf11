/** How users' pages look: the language's frame, and the branding of the hub and of connections. */
import { accentStyle, LOGIN_SCRIPT, type PageFrame, type Speech } from '@landbridge/web';
import { html } from 'hono/html';
import type { Connection } from '../store/connections.ts';

export interface Appearances {
  /** @returns the frame for pages of a connection, or of the hub if none is chosen yet */
  frames(speech: Speech): Promise<(connection: Connection | undefined) => PageFrame>;
}

export function createAppearances(): Appearances {
  return {
    async frames({ tag, say }) {
      const common = { tag, script: `/login${LOGIN_SCRIPT.path}` };
      return (connection) => {
        const { helpUrl, privacyUrl, footerText, accentColour, accentColourDark } = connection?.settings ?? {};
        const branded = { ...common, style: accentStyle({ light: accentColour, dark: accentColourDark }) };
        const links = [
          ...(helpUrl === undefined ? [] : [{ address: helpUrl, text: say('help') }]),
          ...(privacyUrl === undefined ? [] : [{ address: privacyUrl, text: say('privacy') }]),
        ];
        if (links.length === 0 && footerText === undefined) return branded;
        const items = [
          ...(footerText === undefined ? [] : [html`<li>${footerText}</li>`]),
          ...links.map(({ address, text }) => html`<li><a href="${address}" rel="noreferrer">${text}</a></li>`),
        ];
        return { ...branded, footer: html`<footer class="links"><ul>${items}</ul></footer>\n` };
      };
    },
  };
}
