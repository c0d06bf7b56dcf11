/** Whether the connector has no settings file (`OVERRIDE_CONFIG=false`), which is known before any file is read. */
import { setting } from '@landbridge/runtime';

export function isEnvironmentOnly(environment: Readonly<Record<string, string | undefined>>): boolean {
  const given = setting.boolean().schema.safeParse(environment.OVERRIDE_CONFIG ?? 'true');
  return given.success && !given.data;
}
