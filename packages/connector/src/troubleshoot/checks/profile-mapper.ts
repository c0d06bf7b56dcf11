/** Loads the profile mapper. `landbridge-connector user NAME` shows the profile that it returns. */
import { profileMapperSource } from '../../config/profile-mapper-source.ts';
import { createProfileMapper } from '../../users/mapper/profile-mapper.ts';
import { type Check, pass } from '../check.ts';
import type { Run } from '../run.ts';
import { silentLog } from '../silent-log.ts';

export function profileMapperCheck({ config }: Run): Check {
  return {
    id: 'profile-mapper',
    async run() {
      const source = profileMapperSource(config);
      if (source === undefined) return pass('Uses the default mapper');
      const mapper = createProfileMapper({
        source,
        timeoutMs: config.values.PROFILE_MAPPING_TIMEOUT_MS,
        memoryLimitMb: config.values.PROFILE_MAPPING_MEMORY_LIMIT_MB,
        log: silentLog().log,
      });
      try {
        await mapper.ready();
        return pass(`Loads (${source.length} characters)`);
      } finally {
        await mapper.close();
      }
    },
  };
}
