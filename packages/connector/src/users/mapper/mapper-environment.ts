/** The environment variables that a mapper may see. Others may contain secrets of the connector. */

const VISIBLE = /^(MAPPER_\w+|NODE_ENV|TZ|LANG|LC_[A-Z]+)$/;

export function visibleVariables(environment: Readonly<Record<string, string | undefined>>): {
  visible: Record<string, string>;
  hidden: ReadonlySet<string>;
} {
  const visible: Record<string, string> = {};
  const hidden = new Set<string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!VISIBLE.test(name)) hidden.add(name);
    else if (value !== undefined) visible[name] = value;
  }
  return { visible, hidden };
}
