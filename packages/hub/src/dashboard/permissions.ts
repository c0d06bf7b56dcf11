/**
 * The permissions of each role in the dashboard, with one entry for every page and form. A route without an entry is forbidden for everyone.
 * Pages use the same table to hide links and forms.
 */
import { ADMINISTRATOR_ROLES, type AdministratorRole } from '../store/administrators.ts';

interface Permission {
  /** The least powerful role that has the permission. */
  role: AdministratorRole;
  /** The action grants or ends access, or changes who can sign in and how, and a hijacked session must not be enough: the administrator authenticates again. */
  fresh?: true;
  /** Completes the sentence "Your role may not …". */
  doing: string;
}

const PERMISSIONS: Readonly<Record<string, Permission>> = {
  'GET ': { role: 'read-only', doing: 'see the overview' },
  'GET /connections/:name': { role: 'read-only', doing: 'see connections' },
  'GET /clients': { role: 'read-only', doing: 'see applications' },
  'GET /clients/:id': { role: 'read-only', doing: 'see applications' },
  'GET /api-keys': { role: 'read-only', doing: 'see API keys' },
  'GET /signing-keys': { role: 'read-only', doing: 'see signing keys' },
  'GET /alerts': { role: 'read-only', doing: 'see alerts' },
  'POST /alerts/test': { role: 'operator', doing: 'send test messages' },
  'GET /audit/export': { role: 'read-only', doing: 'see the audit log' },
  'GET /audit': { role: 'read-only', doing: 'see the audit log' },
  'GET /administrators': { role: 'read-only', doing: 'see administrators' },

  ...own('GET /account'),
  ...own('POST /account/password'),
  ...own('GET /account/totp/remove'),
  ...own('GET /account/passkeys/:id/remove'),
  ...own('POST /account/sessions/:id/end'),
  ...own('POST /account/sign-out-everywhere'),
  ...own('POST /sign-out'),
  ...own('POST /account/totp/new', true),
  ...own('POST /account/totp', true),
  ...own('POST /account/totp/remove', true),
  ...own('POST /account/passkeys', true),
  ...own('POST /account/passkeys/:id/remove', true),
  ...own('POST /account/recovery-codes', true),
  ...own('POST /account/provider', true),
  ...own('POST /account/provider/remove', true),

  ...pageAndForm('/new-connection', { role: 'operator', fresh: true, doing: 'create connections' }),
  'POST /connections/:name/enable': { role: 'operator', fresh: true, doing: 'enable connections' },
  ...pageAndForm('/connections/:name/disable', { role: 'operator', fresh: true, doing: 'disable connections' }),
  'POST /connections/:name/settings': { role: 'operator', fresh: true, doing: 'change settings of connections' },
  ...pageAndForm('/connections/:name/ticket', { role: 'operator', fresh: true, doing: 'issue tickets' }),
  ...pageAndForm('/connections/:name/ticket/revoke', { role: 'operator', fresh: true, doing: 'revoke tickets' }),
  ...pageAndForm('/connections/:name/delete', { role: 'operator', fresh: true, doing: 'delete connections' }),
  'GET /connections/:name/connectors/:id': { role: 'read-only', doing: 'see connectors' },
  'POST /connections/:name/connectors/:id/:action{label}': { role: 'operator', doing: 'label connectors' },
  ...pageAndForm('/connections/:name/connectors/:id/:action{drain|resume}', { role: 'operator', doing: 'drain and resume connectors' }),
  ...pageAndForm('/connections/:name/connectors/:id/:action{approve|revoke|revoke-key}', {
    role: 'operator',
    fresh: true,
    doing: 'approve and revoke connectors',
  }),
  ...pageAndForm('/connections/:name/connectors/:id/:action{confirm-change|dismiss-change}', {
    role: 'operator',
    fresh: true,
    doing: 'decide about sign-in addresses',
  }),
  ...pageAndForm('/connections/:name/try', { role: 'operator', doing: 'try sign-ins' }),
  ...pageAndForm('/code', { role: 'operator', doing: 'enrol connectors' }),
  'GET /code/:code': { role: 'operator', doing: 'enrol connectors' },
  'POST /code/:code/approve': { role: 'operator', fresh: true, doing: 'enrol connectors' },
  'POST /code/:code/deny': { role: 'operator', doing: 'deny connectors' },
  ...pageAndForm('/clients/new', { role: 'operator', fresh: true, doing: 'create applications' }),
  'GET /clients/:id/:action{secret|delete}': { role: 'operator', doing: 'change applications' },
  ...pageAndForm('/clients/:id/change', { role: 'operator', fresh: true, doing: 'change applications' }),
  'POST /clients/:id/secret': { role: 'operator', fresh: true, doing: 'create client secrets' },
  'POST /clients/:id/delete': { role: 'operator', fresh: true, doing: 'delete applications' },
  ...pageAndForm('/api-keys/:id/revoke', { role: 'operator', fresh: true, doing: 'revoke API keys' }),
  ...pageAndForm('/signing-keys/rotate', { role: 'operator', fresh: true, doing: 'rotate signing keys' }),
  ...pageAndForm('/signing-keys/:kid/retire', { role: 'operator', fresh: true, doing: 'retire signing keys' }),

  ...pageAndForm('/api-keys/new', { role: 'owner', fresh: true, doing: 'create API keys' }),
  ...pageAndForm('/api-keys/:id', { role: 'owner', fresh: true, doing: 'change API keys' }),
  'POST /administrators': { role: 'owner', fresh: true, doing: 'invite administrators' },
  ...pageAndForm('/administrators/:name/role', { role: 'owner', fresh: true, doing: 'change roles' }),
  ...pageAndForm('/administrators/:name/:action{reset|remove}', { role: 'owner', fresh: true, doing: 'reset and remove administrators' }),
};

function own(route: string, fresh?: true): Record<string, Permission> {
  return { [route]: { role: 'read-only', doing: 'change your own account', ...(fresh === undefined ? {} : { fresh }) } };
}

function pageAndForm(path: string, { fresh, ...permission }: Permission): Record<string, Permission> {
  return { [`GET ${path}`]: permission, [`POST ${path}`]: { ...permission, ...(fresh === undefined ? {} : { fresh }) } };
}

/** @param route method and path as registered, below the dashboard */
export function permissionFor(route: string): Permission | undefined {
  return Object.hasOwn(PERMISSIONS, route) ? PERMISSIONS[route] : undefined;
}

export function hasRole(role: AdministratorRole, needed: AdministratorRole): boolean {
  return ADMINISTRATOR_ROLES.indexOf(role) <= ADMINISTRATOR_ROLES.indexOf(needed);
}

export function mayDo(role: AdministratorRole, route: string): boolean {
  const permission = permissionFor(route);
  return permission !== undefined && hasRole(role, permission.role);
}

export function permittedRoutes(): readonly string[] {
  return Object.keys(PERMISSIONS);
}
