/** Parses a hub's answer to a ticket, and explains failures. */
import { CodedError, parseJson, printable } from '@landbridge/runtime';
import { z } from 'zod';
import { REPLACE_KEY } from '../config/revoked-key.ts';
import type { OutboundAnswer } from '../network/outbound.ts';

/** The wording of refusals from our hub. */
const hubError = z.object({
  error: z.object({ code: z.string().optional(), message: z.string().min(1).max(500), action: z.string().max(500).optional() }),
});

/** Short, because each reconnection waits for it, and sign-ins wait for reconnections. */
export const TICKET_TIMEOUT_MS = 5000;

/**
 * @param mayBeEmpty some hubs answer a registration with an empty body
 * @throws CodedError TICKET_UNKNOWN, TICKET_STATUS, TICKET_NOT_JSON, TICKET_ANSWER_INVALID, CONNECTOR_KEY_REVOKED. No error contains the ticket.
 */
export function readTicketAnswer<T>(url: URL, answer: OutboundAnswer, schema: z.ZodType<T>, { mayBeEmpty = false } = {}): T {
  if (answer.status === 404) {
    throw new CodedError(
      'TICKET_UNKNOWN',
      `${url.host} does not know the ticket: it is wrong or was replaced, or its connection was deleted`,
      {
        action:
          'Get a new ticket and run setup again: "Add a connector" in the dashboard of the hub, or the settings of the connection in Auth0.',
      },
    );
  }
  if (answer.status < 200 || answer.status > 299) {
    const redirect = answer.status >= 300 && answer.status < 400;
    const said = hubError.safeParse(parseJson(answer.text)).data?.error;
    if (said?.code === 'certificate_revoked') throw keyRevoked();
    if (said !== undefined) {
      throw new CodedError('TICKET_STATUS', `${url.host} refused the ticket (${answer.status}): ${printable(said.message)}`, {
        action: said.action === undefined ? 'Ask the operator of the hub.' : printable(said.action),
      });
    }
    throw new CodedError(
      'TICKET_STATUS',
      `${url.host} answered the ticket with status ${answer.status}${redirect ? ', a redirect, which is not followed because a ticket is a secret' : ''}`,
      {
        action: redirect ? 'Use the address that it redirects to.' : 'Try again later. If the error persists, ask the operator of the hub.',
      },
    );
  }
  if (mayBeEmpty && answer.text.trim() === '') return schema.parse({});
  if (!/^application\/json\b/i.test(answer.contentType)) {
    throw new CodedError(
      'TICKET_NOT_JSON',
      `${url.host} answered the ticket with ${answer.contentType || 'no content type'} instead of JSON`,
      {
        action: 'Check that the URL is a ticket. A proxy or a sign-in page may have answered instead of the hub.',
      },
    );
  }
  const result = schema.safeParse(parseJson(answer.text));
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') || 'the answer';
  throw new CodedError('TICKET_ANSWER_INVALID', `${url.host} sent an invalid answer for the ticket: ${field} is missing or invalid`, {
    action: 'Check that the URL is a ticket, and that the versions of hub and connector match.',
  });
}

export function keyRevoked(): CodedError {
  return new CodedError('CONNECTOR_KEY_REVOKED', 'An administrator of the hub revoked the key of this connector', {
    action: `To enrol again it needs a new key: ${REPLACE_KEY}.`,
  });
}
