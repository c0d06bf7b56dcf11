/** Profiles have two or three levels. Thousands of levels would overflow the stack of any recursive code. */
export const MAX_DEPTH = 100;

/** Removes keys named `__proto__`, which could change the prototype of objects built from the profile. @returns false if nested too deeply */
export function isHarmless(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  return Object.values(value).every((inner) => isHarmless(inner, depth + 1));
}
