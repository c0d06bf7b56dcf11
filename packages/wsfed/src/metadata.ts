/** The federation metadata document (WS-Federation 1.2, section 3): issuer, signing certificate and endpoint. */
import type { X509Certificate } from 'node:crypto';
import { DSIG, IDENTITY_CLAIMS, issuerUri, SAML_ASSERTION } from './names.ts';
import { xmlAttribute, xmlText } from './xml-text.ts';

export const METADATA_PATH = '/wsfed/FederationMetadata/2007-06/FederationMetadata.xml';

const OFFERED = { nameidentifier: 'Name ID', emailaddress: 'E-Mail Address', name: 'Name', givenname: 'Given Name', surname: 'Surname' };

/** @param options.serverUrl where browsers reach this connector */
export function federationMetadata(options: { issuer: string; certificate: X509Certificate; serverUrl: string }): string {
  const { issuer, certificate, serverUrl } = options;
  const endpoint = `<EndpointReference xmlns="http://www.w3.org/2005/08/addressing"><Address>${xmlText(`${serverUrl}/wsfed`)}</Address></EndpointReference>`;
  const claims = Object.entries(OFFERED).map(
    ([name, shown]) =>
      `<auth:ClaimType xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706" Uri="${IDENTITY_CLAIMS}/${name}" Optional="true"><auth:DisplayName>${shown}</auth:DisplayName></auth:ClaimType>`,
  );
  return [
    '<?xml version="1.0" encoding="utf-8"?>\n',
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${xmlAttribute(issuerUri(issuer))}">`,
    '<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706">',
    `<KeyDescriptor use="signing"><KeyInfo xmlns="${DSIG}"><X509Data><X509Certificate>${certificate.raw.toString('base64')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
    `<fed:TokenTypesOffered><fed:TokenType Uri="${SAML_ASSERTION}"></fed:TokenType></fed:TokenTypesOffered>`,
    `<fed:ClaimTypesOffered>${claims.join('')}</fed:ClaimTypesOffered>`,
    `<fed:SecurityTokenServiceEndpoint>${endpoint}</fed:SecurityTokenServiceEndpoint>`,
    `<fed:PassiveRequestorEndpoint>${endpoint}</fed:PassiveRequestorEndpoint>`,
    '</RoleDescriptor></EntityDescriptor>\n',
  ].join('');
}
