/**
 * Additions to the plain contract, each negotiated: the connector offers a list at `authenticate`, the hub answers those it also
 * knows at `authenticated`. A peer that answers none gets the plain contract.
 */

/** `drain`: the connector says `draining` before it stops; the hub then sends it nothing new. */
export const CAPABILITIES = ['drain'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** @returns those of the offered names that this version knows */
export function knownCapabilities(offered: readonly string[] | undefined): Capability[] {
  return CAPABILITIES.filter((capability) => offered?.includes(capability));
}
