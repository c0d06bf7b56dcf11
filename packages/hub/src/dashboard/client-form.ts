/** The form of an application: its fields, and reading them. */
import { checkBox, choiceField, entries, field, fieldProblem, type Html, textArea, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import type { NewClient } from '../oidc/clients.ts';
import {
  type ClientOption,
  type ClientOptionChanges,
  type ClientOptions,
  clientOptionFields,
  keptClientOptions,
} from '../store/client-options.ts';
import type { Connection } from '../store/connections.ts';
import { CLIENT_SCOPES, type ClientScope, type OidcClient } from '../store/oidc-clients.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';
import { choiceBox, chosenConnections, connectionChoice, type RejectedInput, rejectionNotice } from './elements.ts';

/** The user data that each scope reveals. */
const SCOPE_TEXTS: Readonly<Record<ClientScope, string>> = {
  profile: 'Names and the account name.',
  email: 'The e-mail address.',
  groups: 'The names of all groups of the user.',
};

const ALGORITHMS: readonly { value: SigningAlgorithm; label: string }[] = [
  { value: 'RS256', label: 'RS256 (RSA; every application supports it)' },
  { value: 'ES256', label: 'ES256 (ECDSA; shorter tokens)' },
];

/** The input of the form. */
export interface TypedClient {
  name: string;
  redirectUris: string;
  postLogoutRedirectUris: string;
  isPublic: boolean;
  scopes: readonly string[];
  refreshTokens: boolean;
  idTokenAlgorithm: SigningAlgorithm;
  /** Null means all. */
  connections: readonly string[] | null;
  options: ClientOptions;
}

export const BLANK_CLIENT: TypedClient = {
  ...{ name: '', redirectUris: '', postLogoutRedirectUris: '', isPublic: false, refreshTokens: false, connections: null },
  scopes: ['profile', 'email'],
  idTokenAlgorithm: 'RS256',
  options: keptClientOptions.parse({}),
};

const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  redirectUris: 'Redirect URIs',
  postLogoutRedirectUris: 'Post-logout redirect URIs',
  scopes: 'Scopes',
  ...Object.fromEntries(clientOptionFields().map(({ name, label }) => [name, label])),
};

export function typedFrom(client: OidcClient, connections: readonly Connection[]): TypedClient {
  const { name, scopes, refreshTokens, idTokenAlgorithm, options, connectionIds } = client;
  return {
    ...{ name, scopes, refreshTokens, idTokenAlgorithm, options, isPublic: client.secretHash === undefined },
    redirectUris: client.redirectUris.join('\n'),
    postLogoutRedirectUris: client.postLogoutRedirectUris.join('\n'),
    connections: connectionIds === undefined ? null : connections.filter(({ id }) => connectionIds.includes(id)).map((each) => each.name),
  };
}

/** @param client undefined: a new one @param action,back paths within the dashboard */
export function clientForm(parts: {
  client: OidcClient | undefined;
  typed: TypedClient;
  problem: RejectedInput;
  connections: readonly Connection[];
  formToken: string;
  action: string;
  back: string;
}): Html {
  const { client, typed, problem, connections } = parts;
  const problemOf = (name: string) => problem.fields[name] ?? '';
  return html`${rejectionNotice(problem, LABELS)}
<form method="post" action="${DASHBOARD_PATH}${parts.action}">${tokenField(parts.formToken)}
${field('name', 'Name', { value: typed.name, autofocus: true, maxlength: 100, hint: 'Shown to users on the login page.', problem: problemOf('name') })}
${textArea('redirectUris', 'Redirect URIs', { value: typed.redirectUris, hint: 'Where users return after signing in. Must match exactly. One per line. A device needs none.', problem: problemOf('redirectUris') })}
${textArea('postLogoutRedirectUris', 'Post-logout redirect URIs', { value: typed.postLogoutRedirectUris, hint: 'Optional. One per line.', problem: problemOf('postLogoutRedirectUris') })}
${client === undefined ? checkBox('public', 'Public', typed.isPublic, 'It runs in a browser or on a device and cannot keep a secret.') : ''}
<fieldset id="scopes"><legend>Scopes</legend>${fieldProblem('scopes', problemOf('scopes'))}<p class="hint">The user data that the application may see, whatever it requests.</p>
${CLIENT_SCOPES.map((scope) => choiceBox('scope', scope, { chosen: typed.scopes, hint: SCOPE_TEXTS[scope] }))}</fieldset>
${checkBox('refreshTokens', 'Refresh tokens', typed.refreshTokens, 'It stays signed in without the browser.')}
${choiceField('idTokenAlgorithm', 'ID tokens are signed with', ALGORITHMS, typed.idTokenAlgorithm)}
${connectionChoice(connections, typed.connections)}
<fieldset><legend>Options</legend><p class="hint">Off unless the application needs them.</p>
${clientOptionFields().map(({ name, kind, label, description }) => {
  const value = typed.options[name];
  if (kind === 'switch') return checkBox(name, label, value === true, description, problemOf(name));
  if (kind === 'text')
    return field(name, label, { value: String(value), required: false, maxlength: 2000, hint: description, problem: problemOf(name) });
  const text = Array.isArray(value) ? value.join('\n') : '';
  return textArea(name, label, { value: text, hint: `${description} One per line.`, problem: problemOf(name) });
})}</fieldset>
<div class="actions"><button>${client === undefined ? 'Create' : 'Save'}</button><a href="${DASHBOARD_PATH}${parts.back}">Cancel</a></div></form>`;
}

/** @returns the input as it was typed, to show it again, and as it is saved */
export function readClientForm(form: URLSearchParams): { typed: TypedClient; desired: NewClient } {
  const typed: TypedClient = {
    name: form.get('name')?.trim() ?? '',
    redirectUris: form.get('redirectUris') ?? '',
    postLogoutRedirectUris: form.get('postLogoutRedirectUris') ?? '',
    isPublic: form.has('public'),
    scopes: form.getAll('scope'),
    refreshTokens: form.has('refreshTokens'),
    idTokenAlgorithm: ALGORITHMS.find(({ value }) => value === form.get('idTokenAlgorithm'))?.value ?? 'RS256',
    connections: chosenConnections(form),
    options: keptClientOptions.parse(optionsIn(form)),
  };
  const { name, isPublic, scopes, refreshTokens, idTokenAlgorithm, connections, options } = typed;
  const desired = {
    ...{ name, public: isPublic, scopes, refreshTokens, idTokenAlgorithm, connections },
    redirectUris: entries(typed.redirectUris),
    postLogoutRedirectUris: entries(typed.postLogoutRedirectUris),
    ...options,
  };
  return { typed, desired };
}

function optionsIn(form: URLSearchParams): ClientOptionChanges {
  return Object.fromEntries(clientOptionFields().map(({ name, kind }) => [name, optionIn(form, name, kind)]));
}

function optionIn(form: URLSearchParams, name: string, kind: ClientOption['kind']) {
  const typed = form.get(name) ?? '';
  return {
    switch: form.has(name),
    list: typed
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    text: typed.trim(),
  }[kind];
}
