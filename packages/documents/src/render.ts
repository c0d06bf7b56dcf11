/** Markdown to HTML. The text is our own, so HTML in it stays as it is. */
import { Marked } from 'marked';

export interface Section {
  /** Empty before the first heading below the title. */
  anchor: string;
  heading: string;
  depth: number;
  /** Without markup. */
  text: string;
}

export interface Rendered {
  title: string;
  /** Without the title. */
  html: string;
  sections: Section[];
}

const HEADING = /<h([2-6]) id="([^"]*)">(.*?)<\/h\1>/gs;

/**
 * @param addressOf the address of a linked file on the site, or undefined if the site does not have it: the link becomes text
 */
export function render(markdown: string, addressOf: (target: string) => string | undefined): Rendered {
  const used = new Map<string, number>();
  let title = '';
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const text = this.parser.parseInline(tokens);
        if (depth === 1) {
          title = plainText(text);
          return '';
        }
        const anchor = anchorOf(plainText(text));
        const before = used.get(anchor) ?? 0;
        used.set(anchor, before + 1);
        return `<h${depth} id="${before === 0 ? anchor : `${anchor}-${before}`}">${text}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        if (/^https?:/.test(href)) return `<a href="${escaped(href)}" rel="noreferrer">${text}</a>`;
        const address = addressOf(href);
        return address === undefined ? text : `<a href="${escaped(address)}">${text}</a>`;
      },
      // Focus lets the keyboard scroll what is wider than the window.
      code: ({ text }) => `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`,
    },
  });
  const html = marked
    .parse(markdown, { async: false })
    .replaceAll('<table>', '<div class="table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
    .replaceAll(/<th[^>]*><\/th>/g, '<td></td>');
  return { title, html, sections: sectionsOf(html) };
}

/** As GitHub makes it, so that links work there too. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function sectionsOf(html: string): Section[] {
  const headings = [...html.matchAll(HEADING)];
  const starts = [{ anchor: '', heading: '', depth: 1, from: 0, to: headings[0]?.index ?? html.length }];
  for (const [index, match] of headings.entries()) {
    const [whole, depth = '2', anchor = '', heading = ''] = match;
    starts.push({
      anchor,
      heading: plainText(heading),
      depth: Number(depth),
      from: match.index + whole.length,
      to: headings[index + 1]?.index ?? html.length,
    });
  }
  return starts.map(({ from, to, ...section }) => ({ ...section, text: plainText(html.slice(from, to)) }));
}

function plainText(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
