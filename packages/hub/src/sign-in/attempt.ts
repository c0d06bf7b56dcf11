/** A sign-in as those see it who ask for one: what they give, and what they get. */
import type { Profile, Step } from '@landbridge/protocol';
import type { FailureCode } from '../requests/failures.ts';
import type { Failure } from '../requests/requests.ts';
import type { Connection } from '../store/connections.ts';

export type { Step } from '@landbridge/protocol';

export interface Attempt {
  connection: Connection;
  /** As typed. */
  username: string;
  password: string;
  /** Of the person. Undefined where only an application's server is known: then no address is limited. */
  remoteAddress: string | undefined;
  via: 'api' | 'try' | 'oidc';
  clientId?: string | undefined;
}

export type SignInResult = {
  /** Stands in the logs of hub and connector, and in the audit log. */
  correlationId: string;
  /** The connector that was asked; undefined: none was. */
  instance: string | undefined;
  ms: number;
  /** The way it took: guard, what `requests` and the connector did, cache. */
  steps: readonly Step[];
} & (
  | {
      profile: Profile;
      /** `cache`: no directory answered, and this is what it said at `cachedAt`. */
      from: 'directory' | 'cache';
      cachedAt?: Date;
    }
  | { failure: Failure; retryAfterSeconds?: number }
);

/** For numbers and lists of what happened; without password and profile. */
export interface FinishedSignIn {
  action: 'login' | 'password.change';
  /** The connection's name. */
  connection: string;
  username: string;
  remoteAddress: string | undefined;
  via: Attempt['via'] | 'front-channel';
  clientId: string | undefined;
  /** `front_channel_refused`: what a connector sent with a browser is not believed. */
  result: 'ok' | 'ok_from_cache' | 'front_channel_refused' | FailureCode;
  correlationId: string;
  /** On the front channel the thumbprint of the connector's key: which of those that share it, an assertion does not tell. */
  instance: string | undefined;
  ms: number;
}

export function failureOf(code: FailureCode): Failure {
  return { code, connectorError: undefined, profile: undefined };
}
