/** A form that asks for confirmation. */
import { html } from 'hono/html';
import { tokenField } from './elements.ts';
import type { Html } from './page.ts';

export interface Confirmation {
  heading: string;
  text: Html | string;
  action: string;
  button: string;
  /** Where "Cancel" leads. */
  back: string;
  danger?: boolean;
  /** Fields of the form. */
  more?: Html | string;
}

/** For actions that cannot be undone, or whose effects should be seen first. */
export function confirmation(formToken: string, { heading, text, action, button, back, danger = true, more = '' }: Confirmation): Html {
  return html`<section class="narrow"><h1>${heading}</h1><div>${text}</div>
<form method="post" action="${action}">${tokenField(formToken)}${more}
<div class="actions"><button class="${danger ? 'danger' : ''}">${button}</button><a href="${back}">Cancel</a></div></form></section>`;
}
