/** The editor of the profile mapper in place of its text area, and a preview of the profile after each pause in typing. */
import { javascript } from '@codemirror/lang-javascript';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import { basicSetup, EditorView } from 'codemirror';

const PAUSE_MS = 500;
const area = document.getElementById('source');
const form = area.form;
const outcome = document.getElementById('outcome');
let timer;
let asked = 0;

async function preview() {
  const number = ++asked;
  const body = new URLSearchParams({ token: form.elements.token.value, user: form.elements.user.value, source: area.value });
  try {
    const response = await fetch('/mapper/preview', { method: 'POST', body, headers: { 'Landbridge-Live': '1' }, redirect: 'manual' });
    if (!response.ok || number !== asked) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    outcome.replaceChildren(...fresh.getElementById('outcome').childNodes);
  } catch {
    // Offline for a moment: the next change tries again.
  }
}

/** The editor's own colours suit a light background only. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: 'var(--accent)' },
  { tag: [tags.string, tags.number, tags.regexp], color: 'var(--good)' },
  { tag: tags.comment, color: 'var(--quiet)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const readOnly = area.readOnly;
const view = new EditorView({
  doc: area.value,
  extensions: [
    basicSetup,
    javascript(),
    syntaxHighlighting(colours),
    EditorView.lineWrapping,
    EditorView.editable.of(!readOnly),
    // Focusable also where the text cannot be changed, so that the keyboard can scroll it.
    EditorView.contentAttributes.of({ tabindex: '0', 'aria-labelledby': 'source-label', spellcheck: 'false' }),
    EditorView.cspNonce.of(document.querySelector('script[nonce]').nonce),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      area.value = update.state.doc.toString();
      // The page asks before unsaved text is lost.
      area.dispatchEvent(new Event('input', { bubbles: true }));
      clearTimeout(timer);
      timer = setTimeout(preview, PAUSE_MS);
    }),
  ],
});
// Tab is not bound to indenting, so the keyboard can leave the editor.
area.before(view.dom);
area.hidden = true;
