/** The event that ends every sign-in and every user's own password change: the sign-in log, the metrics and the dashboard subscribe. */
import type { FailureCode, WireErrorName } from '@landbridge/protocol';

/** Without password and profile. */
export interface SignInEvent {
  action: 'login' | 'password.change';
  /** The connection's name. */
  connection: string;
  username: string;
  remoteAddress: string | undefined;
  via: 'api' | 'try' | 'oidc' | 'front-channel';
  clientId: string | undefined;
  /** `front_channel_refused`: the assertion that came with a browser is invalid. */
  result: 'ok' | 'ok_from_cache' | 'front_channel_refused' | FailureCode;
  /** The connector's own name for a failure. */
  connectorError?: WireErrorName | undefined;
  correlationId: string;
  /** The connector that was asked. On the front channel the thumbprint of its key: an assertion does not name one of several that share it. */
  instance: string | undefined;
  ms: number;
  /** More for the audit log, in a sentence. */
  detail?: string | undefined;
}

type SignInListener = (event: SignInEvent) => void | Promise<void>;

export interface SignInEvents {
  subscribe(listener: SignInListener): void;
  /** Resolves when every listener is done. @throws what a listener throws */
  emit(event: SignInEvent): Promise<void>;
}

export function createSignInEvents(): SignInEvents {
  const listeners: SignInListener[] = [];
  return {
    subscribe(listener) {
      listeners.push(listener);
    },
    async emit(event) {
      await Promise.all(listeners.map((listener) => listener(event)));
    },
  };
}
