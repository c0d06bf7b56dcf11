/** The published schema of a directory (RFC 4512, section 4.2): the spelling of attributes, and which of them are binary. */

export interface AttributeType {
  /** Spelled as in the schema, the primary name first. */
  names: readonly string[];
  /** Whether values are binary, even if they look like text. */
  isOctets: boolean;
}

export interface Schema {
  /** @param name a name or OID, in any case, without options */
  attributeType(name: string): AttributeType | undefined;
}

/** Binary syntaxes (RFC 4517, section 3.3; RFC 2252, section 4.3; MS-ADTS, section 3.1.1.2.2.2). */
const OCTET_SYNTAXES: ReadonlySet<string> = new Set([
  // Audio, Binary, Certificate, Certificate List, Certificate Pair, Fax, JPEG, Octet String, Supported Algorithm.
  ...['4', '5', '8', '9', '10', '23', '28', '40', '49'].map((arc) => `1.3.6.1.4.1.1466.115.121.1.${arc}`),
  // Security descriptors.
  '1.2.840.113556.1.4.907',
]);

/** Limits what a server can send. Active Directory with Exchange has 3,000 attributes. */
const MAX_TYPES = 20_000;
/** The longest real definition has fewer than a thousand characters. */
const MAX_DEFINITION_CHARS = 16_384;

interface Definition extends AttributeType {
  oid: string;
  superior: string | undefined;
  syntax: string | undefined;
}

/** @param definitions values of `attributeTypes`; malformed ones are skipped */
export function readSchema(definitions: readonly string[]): Schema {
  const types = new Map<string, Definition>();
  for (const text of definitions.slice(0, MAX_TYPES)) {
    const type = readDefinition(text);
    for (const name of type === undefined ? [] : [type.oid, ...type.names]) {
      if (type !== undefined) types.set(name.toLowerCase(), type);
    }
  }
  for (const type of types.values()) type.isOctets = OCTET_SYNTAXES.has(syntaxOf(type, types) ?? '');
  return { attributeType: (name) => types.get(name.toLowerCase()) };
}

/** A subtype without a syntax inherits its supertype's. */
function syntaxOf(type: Definition, types: ReadonlyMap<string, Definition>): string | undefined {
  let current: Definition | undefined = type;
  for (let depth = 0; current !== undefined && depth < 16; depth++) {
    if (current.syntax !== undefined) return current.syntax;
    current = types.get(current.superior?.toLowerCase() ?? '');
  }
  return undefined;
}

/** `( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{64} )` (RFC 4512, section 4.1.2) */
function readDefinition(text: string): Definition | undefined {
  if (text.length > MAX_DEFINITION_CHARS) return undefined;
  // Free text first: a description may contain any of the keywords.
  const terms = text.replace(/\b(?:DESC|X-[A-Z-]+)\s+(?:'[^']*'|\(\s*(?:'[^']*'\s*)+\))/g, '');
  const oid = /^\s*\(\s*([^\s()']+)/.exec(terms)?.[1];
  const names = /\bNAME\s+(?:'([^']*)'|\(([^)]*)\))/.exec(terms);
  const syntax = /\bSYNTAX\s+'?([0-9.]+)/.exec(terms)?.[1];
  if (oid === undefined || names === null) return undefined;
  return {
    oid,
    names: names[1] === undefined ? [...(names[2] ?? '').matchAll(/'([^']*)'/g)].map(([, name = '']) => name) : [names[1]],
    superior: /\bSUP\s+([^\s()']+)/.exec(terms)?.[1],
    syntax,
    isOctets: false,
  };
}
