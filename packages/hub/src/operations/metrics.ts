/**
 * Metrics in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats), with a bounded number of series per
 * metric.
 */

export type Labels = Readonly<Record<string, string>>;
/** Labels and value of each series. */
type Samples = readonly (readonly [Labels, number])[];

export interface Metrics {
  /** @returns a function that adds 1, or `by` */
  counter(name: string, help: string, labelNames: readonly string[]): (labels: Labels, by?: number) => void;
  /** @param buckets upper bounds, ascending, in the unit of the name @returns a function that records a value */
  histogram(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): (labels: Labels, value: number) => void;
  /** @param read called for each scrape; if it fails, the metric is omitted. @param type `counter` if the value never decreases */
  gauge(name: string, help: string, read: () => Samples | Promise<Samples>, type?: 'gauge' | 'counter'): void;
  text(): Promise<string>;
}

/** Per metric. Further series are counted together, with `other` in each label. */
const MAX_SERIES = 2000;

interface Series<T> {
  labels: Labels;
  state: T;
}

export function createMetrics(): Metrics {
  const families: (() => string | Promise<string>)[] = [];

  return {
    counter(name, help, labelNames) {
      const series = boundedSeries(labelNames, () => ({ value: 0 }));
      families.push(
        () =>
          head(name, help, 'counter') +
          series
            .all()
            .map(({ labels, state }) => line(name, labels, state.value))
            .join(''),
      );
      return (labels, by = 1) => {
        series.of(labels).value += by;
      };
    },
    histogram(name, help, labelNames, buckets) {
      const series = boundedSeries(labelNames, () => ({ counts: buckets.map(() => 0), count: 0, sum: 0 }));
      families.push(() => {
        const lines = series.all().flatMap(({ labels, state: { counts, count, sum } }) => {
          let below = 0;
          return [
            ...buckets.map((le, index) => {
              below += counts[index] ?? 0;
              return line(`${name}_bucket`, { ...labels, le: String(le) }, below);
            }),
            line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
            line(`${name}_sum`, labels, sum),
            line(`${name}_count`, labels, count),
          ];
        });
        return head(name, help, 'histogram') + lines.join('');
      });
      return (labels, value) => {
        const state = series.of(labels);
        const bucket = buckets.findIndex((le) => value <= le);
        if (bucket !== -1) state.counts[bucket] = (state.counts[bucket] ?? 0) + 1;
        state.count++;
        state.sum += value;
      };
    },
    gauge(name, help, read, type = 'gauge') {
      families.push(async () => {
        const samples = (await read()).slice(0, MAX_SERIES);
        return head(name, help, type) + samples.map(([labels, value]) => line(name, labels, value)).join('');
      });
    },
    async text() {
      const texts = await Promise.allSettled(families.map(async (family) => family()));
      return texts.map((text) => (text.status === 'fulfilled' ? text.value : '')).join('');
    },
  };
}

/** The state of each series; a label that is left out is empty. */
function boundedSeries<T>(labelNames: readonly string[], begin: () => T) {
  const series = new Map<string, Series<T>>();
  return {
    of(labels: Labels): T {
      let named: Labels = Object.fromEntries(labelNames.map((name) => [name, labels[name] ?? '']));
      let key = JSON.stringify(Object.values(named));
      if (!series.has(key) && series.size >= MAX_SERIES) {
        named = Object.fromEntries(labelNames.map((name) => [name, 'other']));
        key = JSON.stringify(Object.values(named));
      }
      const found = series.get(key) ?? { labels: named, state: begin() };
      series.set(key, found);
      return found.state;
    },
    all: () => [...series.values()],
  };
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
