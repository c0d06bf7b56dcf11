/**
 * Negotiated additions to the plain contract (docs/protocol.md, section 8.1): the connector offers a list in `authenticate`, and the hub's
 * `authenticated` names the ones that it knows too. A peer that sends no list gets the plain contract.
 *
 * Sessions (`session.ts`) are not a capability: without a session nothing protects the list, and a proxy could remove entries.
 */
import { z } from 'zod';

/**
 * - `drain`: the connector sends `draining` before it stops; the hub then sends it no new requests.
 * - `changeOwnPassword`: the connector understands `oldPassword` in `change_password`. A hub must not send it to others: they would set the
 *   new password without checking the old one.
 * - `health`: the connector reports in `health` frames whether its directory answers, after authentication and at each change.
 * - `reasons`: an unexpected error carries `reason` and `tried` (`answers.ts`).
 * - `steps`: the answer to `authenticate_user` carries `steps`: how long each part took.
 * - `subject`: answers about one user carry `subject`, the directory's immutable id of the user, if it has one. The profile has the
 *   account name as `username`.
 * - `passwordTimes`: the connector understands `password_times`.
 * - `passwordRules`: if the password must be changed, or a new one is refused, the error carries `rules`: what the directory requires.
 */
export const CAPABILITIES = [
  'drain',
  'changeOwnPassword',
  'health',
  'reasons',
  'steps',
  'subject',
  'passwordTimes',
  'passwordRules',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** @returns the offered capabilities that this version knows */
export function knownCapabilities(offered: readonly string[] | undefined): Capability[] {
  return CAPABILITIES.filter((capability) => offered?.includes(capability));
}

/** `health`, from connector to hub. */
export const healthPayload = z.object({ directory: z.enum(['up', 'down']) });
export type Health = z.infer<typeof healthPayload>;
