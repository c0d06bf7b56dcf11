/**
 * Finds features that a mapper uses and the sandbox lacks, without running it: the first sign-in would be too late to find out. Ignores names that the
 * mapper declares itself or tests with `typeof`, and code in `try` blocks.
 */
import { parser } from '@lezer/javascript';

/** The modules that `require` offers in the sandbox. A test compares the list. */
export const SANDBOX_MODULES: Readonly<Record<string, readonly string[]>> = {
  buffer: ['Buffer'],
  crypto: ['createHash', 'createHmac', 'hash', 'randomBytes', 'randomUUID', 'timingSafeEqual'],
  url: ['URL', 'URLSearchParams'],
  util: ['format', 'inspect', 'inherits', 'isArray', 'promisify', 'TextEncoder', 'TextDecoder'],
};
export const SANDBOX_PROCESS: readonly string[] = ['env', 'nextTick'];

const NO_NETWORK = 'a mapper has no network';
const NOT_OFFERED = 'not available in the sandbox';
/** Globals of Node.js and of browsers that the sandbox lacks. */
export const MISSING_GLOBALS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['fetch', 'Headers', 'Request', 'Response', 'FormData', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => [name, NO_NETWORK]),
  ),
  ...Object.fromEntries(
    [
      'AbortController',
      'AbortSignal',
      'Blob',
      'BroadcastChannel',
      'Event',
      'EventTarget',
      'File',
      'Intl',
      'MessageChannel',
      'SharedWorker',
      'WebAssembly',
      'Worker',
      'document',
      'localStorage',
      'navigator',
      'sessionStorage',
      'structuredClone',
      'window',
    ].map((name) => [name, NOT_OFFERED]),
  ),
};

export interface Unavailable {
  line: number;
  /** The missing feature, and why it is missing. */
  message: string;
}

type Tree = ReturnType<typeof parser.parse>;
type Node = Tree['topNode'];

/** @param hiddenVariables environment variables of the connector that `process.env` hides */
export function unavailableIn(source: string, hiddenVariables: ReadonlySet<string>): Unavailable[] {
  const tree = parser.parse(source);
  const text = ({ from, to }: Node) => source.slice(from, to);
  const nodes: Node[] = [];
  tree.iterate({ enter: ({ node }) => void nodes.push(node) });
  const named = (name: string) => nodes.filter((node) => node.name === name);
  const declared = new Set(named('VariableDefinition').map(text));
  const asked = new Set(
    named('UnaryExpression')
      .filter((node) => node.firstChild?.name === 'typeof')
      .flatMap((node) => (node.lastChild === null ? [] : [text(node.lastChild)])),
  );
  const found: (Unavailable & { at: number })[] = [];
  const add = (node: Node, what: string, why: string) => {
    if (!isTried(node)) found.push({ at: node.from, line: source.slice(0, node.from).split('\n').length, message: `${what}: ${why}` });
  };

  const modules = new Map<string, string>();
  for (const call of named('CallExpression')) {
    const required = requiredBy(call, text);
    if (required === undefined || declared.has('require')) continue;
    if (!Object.hasOwn(SANDBOX_MODULES, required))
      add(call, `require('${required}')`, `a mapper has no files, network or packages, only ${Object.keys(SANDBOX_MODULES).join(', ')}`);
    else {
      const target = call.prevSibling?.name === 'Equals' ? call.prevSibling.prevSibling : null;
      if (target?.name === 'VariableDefinition') modules.set(text(target), required);
      if (target?.name === 'ObjectPattern') {
        for (const property of target.getChildren('PatternProperty'))
          if (property.firstChild) member(property, required, text(property.firstChild));
      }
      if (call.parent?.name === 'MemberExpression') member(call.parent, required, memberName(call.parent, text));
    }
  }
  for (const reference of named('VariableName')) {
    const name = text(reference);
    const access = reference.parent?.name === 'MemberExpression' && reference.prevSibling === null ? reference.parent : undefined;
    const module = modules.get(name);
    if (access !== undefined && module !== undefined) member(access, module, memberName(access, text));
    if (declared.has(name) || asked.has(name)) continue;
    if (Object.hasOwn(MISSING_GLOBALS, name)) add(reference, name, MISSING_GLOBALS[name] ?? '');
    if (name === 'process' && access !== undefined) processMember(access);
  }
  for (const node of [...named('ImportDeclaration'), ...named('DynamicImport'), ...named('ExportDeclaration')]) {
    add(node, node.name === 'ExportDeclaration' ? 'export' : 'import', 'a mapper is a CommonJS module: use module.exports and require');
  }
  return found.sort((a, b) => a.at - b.at).map(({ line, message }) => ({ line, message }));

  function member(node: Node, module: string, name: string | undefined): void {
    const offered = SANDBOX_MODULES[module] ?? [];
    if (name !== undefined && !offered.includes(name)) add(node, `${module}.${name}`, `the sandbox offers ${offered.join(', ')}`);
  }

  function processMember(access: Node): void {
    const name = memberName(access, text);
    if (name === undefined || !SANDBOX_PROCESS.includes(name))
      return add(access, text(access), `the only members of process in the sandbox are ${SANDBOX_PROCESS.join(' and ')}`);
    if (name !== 'env' || access.parent?.name !== 'MemberExpression') return;
    const variable = memberName(access.parent, text);
    if (variable !== undefined && hiddenVariables.has(variable)) {
      add(
        access,
        `process.env.${variable}`,
        `a mapper sees only variables whose names begin with MAPPER_; rename it to MAPPER_${variable}`,
      );
    }
  }
}

function requiredBy(call: Node, text: (node: Node) => string): string | undefined {
  if (call.firstChild?.name !== 'VariableName' || text(call.firstChild) !== 'require') return undefined;
  const name = call.getChild('ArgList')?.getChild('String');
  return name
    ? text(name)
        .slice(1, -1)
        .replace(/^node:/, '')
    : undefined;
}

/** The name in `a.name` or `a['name']`. */
function memberName(access: Node, text: (node: Node) => string): string | undefined {
  const last = access.getChild('PropertyName');
  if (last) return text(last);
  const index = access.getChild('String', '[');
  return index ? text(index).slice(1, -1) : undefined;
}

function isTried(node: Node): boolean {
  for (let inner = node, outer = node.parent; outer !== null; inner = outer, outer = outer.parent) {
    if (outer.name === 'TryStatement' && inner.name === 'Block') return true;
  }
  return false;
}
