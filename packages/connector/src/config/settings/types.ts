/** Types of settings that only the connector has. */
import { isIP } from 'node:net';
import { hubFingerprint } from '@landbridge/protocol';
import { canonicalRange, type SettingType, setting } from '@landbridge/runtime';
import { z } from 'zod';

/** A day: a larger number of seconds was probably meant as milliseconds. */
export const MAX_SECONDS = 86_400;
export const MAX_MS = MAX_SECONDS * 1000;

export const ldapUrls: SettingType<string[]> = {
  describe: 'a URL such as `ldaps://dc1.example.com` or `ldaps:///DC=example,DC=com`, or several separated by commas or spaces',
  schema: z
    // A comma within a DN does not separate URLs.
    .union([
      z.array(z.string()),
      z.string().transform((text) =>
        text
          .split(/[\s,]+(?=ldaps?:)/i)
          .map((url) => url.replace(/[\s,]+$/, ''))
          .filter(Boolean),
      ),
    ])
    .pipe(
      z
        .array(
          z
            .string()
            .trim()
            .refine((text) => URL.canParse(text) && LDAP_URL.test(text)),
        )
        .min(1),
    ),
};

/** A host, or the DN of a domain instead of a host. */
const LDAP_URL = /^ldaps?:\/\/(?:[^/@,\s]+\/?|\/DC=[a-z0-9_-]+(?:,DC=[a-z0-9_-]+)*)$/i;

export const dnsServers: SettingType<string[]> = {
  describe: 'addresses such as `10.0.0.10` or `10.0.0.10:53` (`[fd00::10]:53`), separated by commas or spaces',
  schema: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean))])
    .pipe(z.array(z.string().refine((text) => isIP(text) !== 0 || isIP(/^\[?(.*?)\]?:\d{1,5}$/.exec(text)?.[1] ?? '') !== 0))),
};

export const fingerprint: SettingType<string> = {
  describe: 'a fingerprint: 43 characters of base64url',
  schema: hubFingerprint,
};

export const ipAddress: SettingType<string> = {
  describe: 'an IP address such as `10.0.0.5`; `0.0.0.0` or `::` for all addresses',
  schema: z
    .string()
    .trim()
    .refine((text) => isIP(text) !== 0),
};

export const addressRanges: SettingType<string[]> = {
  describe: 'addresses and ranges such as `10.0.0.5` or `10.0.0.0/24`, separated by commas',
  schema: setting.list().schema.pipe(z.array(z.string().refine((text) => canonicalRange(text) !== undefined))),
};

/** `proxy.corp:3128` is common, so with a port a missing scheme means `http://`. A lone word is more likely a mistake than a host with port 80. */
export const proxyUrl: SettingType<string> = {
  describe: 'the address of an HTTP proxy, such as `http://proxy.example:3128` (not a `.pac` file)',
  schema: z
    .string()
    .trim()
    .transform((text) => (text.includes('://') || !/:\d+\/?$/.test(text) ? text : `http://${text}`))
    .transform(withEscapedUser)
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/\.pac$/i.test(new URL(text).pathname)),
};

/** `DOMAIN\user:password@host`: in a URL, the backslash would end the host, and so would other characters of passwords. */
function withEscapedUser(url: string): string {
  const [, scheme = '', user, host] = /^([a-z]+:\/\/)(.*)@([^@]*)$/is.exec(url) ?? [];
  return user === undefined ? url : `${scheme}${user.replace(/[\\/?#@]/g, encodeURIComponent)}@${host}`;
}

export const filterWithName: SettingType<string> = {
  describe: 'an LDAP filter in which `{0}` stands for the name or search term',
  schema: z.string().trim().regex(/\{0\}/),
};
export const nameTemplate: SettingType<string> = {
  describe: 'a DN in which `{0}` stands for the typed name',
  schema: z.string().trim().regex(/\{0\}/),
};
export const filter: SettingType<string> = { describe: 'an LDAP filter', schema: z.string().trim() };

/** Replaced connectors write `false` for a missing path. */
export const optionalPath: SettingType<string | undefined> = {
  describe: 'a path',
  schema: z.union([z.literal(false).transform(() => undefined), z.string().transform((text) => (text === 'false' ? undefined : text))]),
};

/** A switch. */
export const OFF_BY_DEFAULT = { type: setting.boolean(), default: false } as const;
