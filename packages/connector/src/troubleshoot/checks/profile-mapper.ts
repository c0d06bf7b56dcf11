/** The profile mapper: whether it loads. What it makes of a person, `landbridge-connector user NAME` shows. */
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
      if (source === undefined) return pass('The default mapper is used');
      const mapper = createProfileMapper({
        source,
        timeoutMs: config.values.PROFILE_MAPPING_TIMEOUT_MS,
        memoryLimitMb: config.values.PROFILE_MAPPING_MEMORY_LIMIT_MB,
        log: silentLog().log,
      });
      try {
        await mapper.ready();
        return pass(`It loads (${source.length} characters)`);
      } finally {
        await mapper.close();
      }
    },
  };
}
