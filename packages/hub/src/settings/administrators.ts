/** The dashboard and how administrators sign in to it. */
import { inGroup, setting } from '@landbridge/runtime';

export const ADMINISTRATOR_SETTINGS = {
  ...inGroup('Dashboard', {
    ADMIN_SESSION_IDLE_MINUTES: {
      type: setting.integer(1, 1440),
      default: 30,
      description: 'An administrator who is idle for this many minutes must sign in again.',
    },
    ADMIN_SESSION_HOURS: {
      type: setting.integer(1, 720),
      default: 12,
      description: 'How long in hours an administrator stays signed in at most.',
    },
    ADMIN_FRESH_MINUTES: {
      type: setting.integer(1, 1440),
      default: 10,
      description:
        'Actions that grant or end access (invitations, tickets, keys, secrets, revocations, settings of connections) ask for password and second factor again if the administrator last entered them more than this many minutes ago.',
    },
  }),
  ...inGroup('Administrator sign-in by an OpenID provider', {
    ADMIN_OIDC_ISSUER: {
      type: setting.url('https', 'http'),
      description:
        'The issuer of an external OpenID provider with which administrators can sign in to the dashboard instead of a password. `http` only on this machine. Register `PUBLIC_URL/dashboard/provider/callback` there as the redirect URI. If the provider serves many organizations, use the issuer of yours.',
    },
    ADMIN_OIDC_CLIENT_ID: { type: setting.text(), description: "The hub's client ID at that provider." },
    ADMIN_OIDC_CLIENT_SECRET_FILE: {
      type: setting.text(),
      description: "File with the hub's client secret at that provider. Unset: the hub is a public client and uses only PKCE.",
    },
    ADMIN_OIDC_SCOPE: {
      type: setting.text(),
      default: 'openid profile',
      description: 'The scopes that the hub requests. Add the one that provides `ADMIN_OIDC_ROLE_CLAIM`.',
    },
    ADMIN_OIDC_ROLE_CLAIM: {
      type: setting.text(),
      default: 'groups',
      description:
        'The claim that determines the role of administrators without an invitation. With `sub`, the role settings list individual users.',
    },
    ADMIN_OIDC_OWNERS: {
      type: setting.list(),
      default: [],
      description:
        'Users of the provider with one of these values are owners. The three lists apply at each sign-in, the most powerful role first. If all are empty, only administrators with an invitation can sign in.',
    },
    ADMIN_OIDC_OPERATORS: {
      type: setting.list(),
      default: [],
      description: 'Users of the provider with one of these values are operators.',
    },
    ADMIN_OIDC_READ_ONLY: {
      type: setting.list(),
      default: [],
      description: 'Users of the provider with one of these values are read-only.',
    },
    ADMIN_OIDC_ACR: {
      type: setting.list(),
      default: [],
      description:
        'The provider must return one of these values as `acr`, for example the one for a second factor. Empty: any value is accepted.',
    },
    ADMIN_OIDC_REQUIRED: {
      type: setting.boolean(),
      default: false,
      description:
        'Administrators must use the provider. Passwords and passkeys of the hub are rejected. While the provider is down, `landbridge-hub admin allow-passwords` allows them for a few hours.',
    },
  }),
};
