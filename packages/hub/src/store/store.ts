/**
 * The hub's store: one interface, with a part per subject. This folder owns the storage, and the folders of those subjects own the meaning. Every
 * implementation passes the suite in `test/store-conformance`. All methods may reject with a CodedError
 * STORE_FAILED. Secrets that are only compared arrive here as hashes. The others are encrypted with the key outside the database
 * (`sealing.ts`).
 */
import type { AdministratorStore } from './administrators.ts';
import type { AlertStore } from './alerts.ts';
import type { ApiKeyStore } from './api-keys.ts';
import type { AuditStore } from './audit.ts';
import type { CachedCredentialStore } from './cached-credentials.ts';
import type { CertificateStore } from './certificates.ts';
import type { ConnectionStore } from './connections.ts';
import type { FactStore } from './facts.ts';
import type { FrontChannelStore } from './front-channel.ts';
import type { HubIdentityStore } from './hub-identity-keys.ts';
import type { InstanceStore } from './instances.ts';
import type { OidcClientStore } from './oidc-clients.ts';
import type { OidcKeyStore } from './oidc-keys.ts';
import type { OidcStateStore } from './oidc-state.ts';
import type { SecretStore } from './secrets.ts';
import type { SignInHistoryStore } from './sign-in-history.ts';
import type { SigningKeyStore } from './signing-keys.ts';
import type { TicketStore } from './tickets.ts';
import type { TryCodeStore } from './try-codes.ts';

export interface Store
  extends ConnectionStore,
    TicketStore,
    CertificateStore,
    InstanceStore,
    SigningKeyStore,
    HubIdentityStore,
    ApiKeyStore,
    TryCodeStore,
    FactStore,
    AuditStore,
    CachedCredentialStore,
    OidcClientStore,
    OidcKeyStore,
    OidcStateStore,
    AdministratorStore,
    FrontChannelStore,
    SignInHistoryStore,
    AlertStore,
    SecretStore {
  close(): Promise<void>;
}
