/** Audit records as syslog messages (RFC 5424). */
import { HUB_VERSION } from '../../version.ts';
import type { AuditMessage } from './destination.ts';

/** "log audit" (RFC 5424, section 6.2.1). */
const FACILITY = 13;
const INFORMATIONAL = 6;
const WARNING = 4;
const MAX_MESSAGE_ID = 32;
const MAX_HOST_NAME = 255;

/** The content is ASCII, with JSON escapes for other characters, so it needs no byte order mark to announce UTF-8. */
export function syslogMessage({ at, action, result, json }: AuditMessage, hostName: string): string {
  const priority = FACILITY * 8 + (result.startsWith('ok') ? INFORMATIONAL : WARNING);
  const origin = `[origin software="Landbridge hub" swVersion="${parameterValue(HUB_VERSION)}"]`;
  const head = `<${priority}>1 ${at.toISOString()} ${field(hostName, MAX_HOST_NAME)} landbridge-hub - ${field(action, MAX_MESSAGE_ID)}`;
  return `${head} ${origin} ${ascii(json)}`;
}

/** Header fields are printable ASCII without spaces. `-` means none. */
function field(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, maxLength) || '-';
}

/** Escapes a value (RFC 5424, section 6.3.3). */
function parameterValue(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&');
}

function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
