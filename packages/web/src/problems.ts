/** Errors as text for the user who can act on them. */
import { CodedError } from '@landbridge/runtime';
import { html } from 'hono/html';
import type { Html } from './page.ts';

/** @returns message and action of an error with a code; undefined for other errors, which are faults of the program */
export function sentence(error: unknown): string | undefined {
  return error instanceof CodedError ? [error.message, error.action ?? ''].filter(Boolean).map(ended).join(' ') : undefined;
}

/** Some texts end in a full stop, others do not. */
export function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** @returns what to show with the form again, if the attempt failed with one of these codes. @throws every other error */
export async function problemOf(codes: readonly string[], attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError && codes.includes(error.code)) return sentence(error);
    throw error;
  }
}

export function alertOf(problem: string | undefined): Html | string {
  return problem === undefined ? '' : html`<p class="notice bad" role="alert">${problem}</p>`;
}
