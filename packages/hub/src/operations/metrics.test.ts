import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

test('counters, gauges and histograms are in the format of Prometheus', async () => {
  const metrics = createMetrics();
  const count = metrics.counter('things_total', 'Things\nby "kind" \\', ['kind', 'size']);
  const observe = metrics.histogram('wait_seconds', 'Waits', ['kind'], [0.1, 1]);
  metrics.gauge('now', 'Now', async () => [[{ a: 'b' }, 1.5]]);
  metrics.gauge('bytes_total', 'Bytes', () => [[{}, 7]], 'counter');
  count({ kind: 'quote " backslash \\ line \n', size: 's' });
  count({ kind: 'plain' }, 2);
  count({ kind: 'plain' });
  for (const value of [0.1, 0.5, 5]) observe({ kind: 'x' }, value);
  assert.equal(
    await metrics.text(),
    String.raw`# HELP things_total Things\nby "kind" \\
# TYPE things_total counter
things_total{kind="quote \" backslash \\ line \n",size="s"} 1
things_total{kind="plain",size=""} 3
# HELP wait_seconds Waits
# TYPE wait_seconds histogram
wait_seconds_bucket{kind="x",le="0.1"} 1
wait_seconds_bucket{kind="x",le="1"} 2
wait_seconds_bucket{kind="x",le="+Inf"} 3
wait_seconds_sum{kind="x"} 5.6
wait_seconds_count{kind="x"} 3
# HELP now Now
# TYPE now gauge
now{a="b"} 1.5
# HELP bytes_total Bytes
# TYPE bytes_total counter
bytes_total 7
`,
  );
});

test('excess series are counted together, and a failing metric is omitted', async () => {
  const metrics = createMetrics();
  const count = metrics.counter('things_total', 'Things', ['kind']);
  metrics.gauge('broken', 'Broken', () => {
    throw new Error('no');
  });
  metrics.gauge('fine', 'Fine', () => [[{}, 1]]);
  for (let n = 0; n < 5000; n++) count({ kind: `kind ${n}` });
  const text = await metrics.text();
  assert.equal(text.match(/^things_total\{/gm)?.length, 2001);
  assert.match(text, /^things_total\{kind="other"\} 3000$/m);
  assert.match(text, /^fine 1$/m);
  assert.doesNotMatch(text, /broken/);
});
