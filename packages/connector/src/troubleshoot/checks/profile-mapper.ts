/** Loads the profile mapper. `landbridge-connector user NAME` shows the profile that it returns. */
import { profileMapperSource } from '../../config/profile-mapper-source.ts';
import { isKnownDefaultMapper } from '../../users/mapper/known-default-mappers.ts';
import { assertLoads } from '../../users/mapper/profile-mapper.ts';
import { type Check, pass } from '../check.ts';
import type { Run } from '../run.ts';
import { silentLog } from '../silent-log.ts';

export function profileMapperCheck({ config }: Run): Check {
  return {
    id: 'profile-mapper',
    async run() {
      const source = profileMapperSource(config);
      if (source === undefined) return pass('Uses the default mapper');
      if (isKnownDefaultMapper(source)) return pass('Uses the built-in default mapper instead of the identical one of an Auth0 connector');
      await assertLoads(source, config.values, silentLog().log);
      return pass(`Loads (${source.length} characters)`);
    },
  };
}
