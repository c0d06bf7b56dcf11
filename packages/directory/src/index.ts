/**
 * An LDAP server on real sockets that answers like Active Directory on Windows, for the demo and for tests. It owns the protocol and a
 * domain in memory. Nothing is stored, and it must not be exposed to a network.
 */
export { type Attributes, createDomain, type Domain, type DomainAccount, type DomainOptions, type UserOptions } from './domain.ts';
export { createFabrikam, type FabrikamUser } from './fabrikam.ts';
export type { Fault, FaultEffect, Faults, OperationKind } from './faults.ts';
export type { Operation } from './requests.ts';
export { type BindRefusal, RESULT_CODE } from './results.ts';
export type { Value } from './schema.ts';
export { type DirectoryServer, type DirectoryServerOptions, type Operations, startDirectory } from './server.ts';
export { fileTime } from './time.ts';
export type { DirectoryEntry, Tree } from './tree.ts';
