/**
 * Negotiated additions to the plain contract (docs/protocol.md, section 8.1): the connector offers a list in `authenticate`, and the hub's
 * `authenticated` names those that it knows too. A peer that sends no list gets the plain contract.
 *
 * Sealing (`sealed.ts`) is not in the list: the list is not signed, so a proxy could shorten it.
 */
import { z } from 'zod';

/**
 * - `drain`: the connector says `draining` before it stops; the hub then sends it nothing new.
 * - `changeOwnPassword`: the connector understands `oldPassword` in `change_password`. One that does not would set the new password
 *   without a look at the old one, so a hub must not ask it.
 * - `health`: the connector says in `health` frames whether its directory answers: once it is accepted, and at each change.
 * - `reasons`: an unexpected error carries `reason` and `tried` (`wire-errors.ts`).
 * - `steps`: the answer to `authenticate_user` carries `steps`, how long each part of it took.
 */
export const CAPABILITIES = ['drain', 'changeOwnPassword', 'health', 'reasons', 'steps'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** @returns those of the offered names that this version knows */
export function knownCapabilities(offered: readonly string[] | undefined): Capability[] {
  return CAPABILITIES.filter((capability) => offered?.includes(capability));
}

/** `health`, from connector to hub. */
export const healthPayload = z.object({ directory: z.enum(['up', 'down']) });
export type Health = z.infer<typeof healthPayload>;
