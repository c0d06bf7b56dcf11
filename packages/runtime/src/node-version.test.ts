import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from './log.ts';
import { MINIMUM_NODE_VERSION, warnIfNodeIsOutdated } from './node-version.ts';

describe('warning about an outdated Node.js', () => {
  const cases = [
    { version: '24.7.0', isWarned: true },
    { version: '24.22.2', isWarned: true },
    { version: MINIMUM_NODE_VERSION, isWarned: false },
    { version: '24.22.10', isWarned: false },
    { version: '24.100.0', isWarned: false },
    { version: '26.0.0', isWarned: false },
  ];
  for (const { version, isWarned } of cases) {
    it(`${isWarned ? 'is' : 'is not'} logged for ${version}`, () => {
      let lines = '';
      const { log } = createLog({ level: 'info', format: 'text', destination: { write: (line) => (lines += line) } });
      warnIfNodeIsOutdated(log, version);
      assert.equal(lines.includes(`version=${version}`), isWarned, lines);
      assert.equal(lines.split('\n').length - 1, isWarned ? 1 : 0);
    });
  }
});
