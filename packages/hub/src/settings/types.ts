/** Types of settings that only the hub has. */
import { canonicalRange, type SettingType, setting } from '@landbridge/runtime';

/** IP addresses and networks, normalized. */
export const networks = (): SettingType<string[]> => ({
  describe: 'a list of IP addresses and networks (`10.0.0.0/8`; in the environment: separated by commas)',
  schema: setting.list().schema.transform((texts, context) =>
    texts.map((text) => {
      const range = canonicalRange(text);
      if (range === undefined) context.addIssue({ code: 'custom', message: 'is not an IP address or network' });
      return range ?? text;
    }),
  ),
});
