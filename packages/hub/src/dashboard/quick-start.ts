/** How to set up an application: what its OpenID Connect library needs, and the settings of common clients. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { scopesOfClient } from '../oidc/clients.ts';
import type { OidcClient } from '../store/oidc-clients.ts';

interface Snippet {
  title: string;
  /** Where the text belongs. */
  where: string;
  text: string;
}

/** What is replaced by the reader: the hub stores only a hash of it. */
const SECRET = 'CLIENT-SECRET';

export function quickStartSnippets(client: OidcClient, issuer: string): Snippet[] {
  const redirectUri = client.redirectUris[0] ?? 'https://app.example/callback';
  const scope = scopesOfClient(client)
    .filter((each) => each !== 'offline_access')
    .join(' ');
  const { id } = client;
  const isPublic = client.secretHash === undefined;
  const node: Snippet = {
    title: 'Node.js (openid-client)',
    where: isPublic ? 'npm install openid-client' : 'npm install openid-client, and the secret in CLIENT_SECRET',
    text: `import * as client from 'openid-client';

// At the start:
const config = await client.discovery(
  new URL('${issuer}'),
  '${id}',
  ${isPublic ? 'undefined, client.None()' : 'process.env.CLIENT_SECRET'},
);

// When a user signs in. Keep the three values in the user's session.
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const signInUrl = client.buildAuthorizationUrl(config, {
  redirect_uri: '${redirectUri}',
  scope: '${scope}',
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
});

// At the redirect URI, with the address that the browser came back to:
const finish = async (currentUrl) => {
  const tokens = await client.authorizationCodeGrant(config, currentUrl, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return tokens.claims(); // sub, name, email, …
};
`,
  };
  // The others keep a secret.
  if (isPublic) return [node];
  return [
    node,
    {
      title: 'Spring Boot',
      where: 'application.yml, with spring-boot-starter-oauth2-client',
      text: `spring:
  security:
    oauth2:
      client:
        registration:
          landbridge:
            client-id: ${id}
            client-secret: \${CLIENT_SECRET}
            scope: ${scope.replaceAll(' ', ', ')}
            authorization-grant-type: authorization_code
            redirect-uri: ${redirectUri}
        provider:
          landbridge:
            issuer-uri: ${issuer}
`,
    },
    {
      title: 'Apache (mod_auth_openidc)',
      where: 'in the virtual host',
      text: `OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${id}
OIDCClientSecret ${SECRET}
OIDCRedirectURI ${redirectUri}
OIDCCryptoPassphrase "exec:/usr/bin/openssl rand -hex 32"
OIDCScope "${scope}"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
`,
    },
    {
      title: 'oauth2-proxy',
      where: 'oauth2-proxy.cfg',
      text: `provider = "oidc"
oidc_issuer_url = "${issuer}"
client_id = "${id}"
client_secret = "${SECRET}"
redirect_url = "${redirectUri}"
scope = "${scope}"
code_challenge_method = "S256"
email_domains = ["*"]
cookie_secret = "32 RANDOM BYTES"
upstreams = ["http://127.0.0.1:8080"]
`,
    },
  ];
}

/** @param mayRenew whether the administrator may create a new secret */
export function quickStart(client: OidcClient, issuer: string, mayRenew: boolean, help: Html | string): Html {
  const values = [
    ['Issuer', issuer],
    ['Client ID', client.id],
    ['Discovery document', `${issuer}/.well-known/openid-configuration`],
  ] as const;
  const secret =
    client.secretHash === undefined
      ? html`<p>The application is public: it has no secret, and must use PKCE.</p>`
      : html`<p>The client secret was shown when it was created, and only its hash is stored.${mayRenew ? html` If it is lost, <a href="${DASHBOARD_PATH}/clients/${client.id}/secret">create a new one</a>.` : ''}</p>`;
  return html`<section aria-labelledby="quick-start"><h2 id="quick-start">Quick start</h2>
<div class="copies">${values.map(([label, value]) => html`<div class="secret"><p class="label">${label}</p><pre tabindex="0" role="region" aria-label="${label}" data-copy>${value}</pre></div>`)}</div>
${secret}
${quickStartSnippets(client, issuer).map(
  ({ title, where, text }) =>
    html`<details class="snippet"><summary>${title}</summary><div class="secret"><p class="label">${where}</p><pre tabindex="0" role="region" aria-label="${title}" data-copy>${text}</pre></div></details>`,
)}
${help === '' ? '' : html`<p>${help}</p>`}</section>`;
}
