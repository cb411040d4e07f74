/** What the forwarder counts, in the text format of Prometheus. The number of series is limited. */

const PREFIX = 'cakeless_csrsigning_';

/** Seconds. A certificate takes less than one; approvals and retries take minutes. */
const DURATION_BUCKETS = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];
/** Codes come from the bucket: no writer there can make more series than this. */
const MAX_CODES = 100;

type Labels = Readonly<Record<string, string>>;

interface MetricFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
}

const FAMILIES = {
  requests_total: { type: 'counter', help: 'Certificate signing requests, by outcome.' },
  attempts_total: { type: 'counter', help: 'Rejected attempts, by the codes of the rejection.' },
  exchange_calls_total: { type: 'counter', help: 'Calls to the exchange bucket.' },
  errors_total: {
    type: 'counter',
    help: 'Failed calls to the exchange bucket and the API server.',
  },
  trust_errors_total: {
    type: 'counter',
    help: 'What failed of the report of the cluster, and of the ConfigMaps and probes that a rotation needs.',
  },
  dropped_total: {
    type: 'counter',
    help: 'Requests that were put off because of too many others.',
  },
  pending: { type: 'gauge', help: 'Requests that should have a certificate and have none yet.' },
  oldest_pending_seconds: { type: 'gauge', help: 'Age of the oldest of them.' },
  tracked: { type: 'gauge', help: 'Requests that are remembered.' },
  last_list_timestamp: { type: 'gauge', help: 'When all requests were last listed, in Unix time.' },
  last_report_timestamp: {
    type: 'gauge',
    help: 'When this forwarder last wrote the report of the cluster, in Unix time.',
  },
  exchange_reachable: {
    type: 'gauge',
    help: 'Whether the last call to the exchange bucket succeeded.',
  },
  duration_seconds: {
    type: 'histogram',
    help: 'From the creation of a request to the certificate in its status.',
  },
} as const satisfies Readonly<Record<string, MetricFamily>>;

type Name = keyof typeof FAMILIES;
export type CounterName = {
  [N in Name]: (typeof FAMILIES)[N]['type'] extends 'counter' ? N : never;
}[Name];
export type GaugeName = {
  [N in Name]: (typeof FAMILIES)[N]['type'] extends 'gauge' ? N : never;
}[Name];

export interface Gauge {
  readonly labels?: Labels;
  readonly value: number;
}

export const METRIC_NAMES = Object.keys(FAMILIES).map((name) => `${PREFIX}${name}`);

export class Metrics {
  readonly #counters = new Map<CounterName, Map<string, number>>();
  readonly #codes = new Set<string>();
  readonly #buckets: number[] = DURATION_BUCKETS.map(() => 0);
  #durations = { count: 0, sum: 0 };

  count(name: CounterName, labels: Labels = {}): void {
    const series = this.#counters.get(name) ?? new Map<string, number>();
    this.#counters.set(name, series);
    const text = formatLabels(labels);
    series.set(text, (series.get(text) ?? 0) + 1);
  }

  countCode(code: string): void {
    if (this.#codes.size < MAX_CODES) this.#codes.add(code);
    this.count('attempts_total', { code: this.#codes.has(code) ? code : 'other' });
  }

  observeDuration(seconds: number): void {
    for (const [i, most] of DURATION_BUCKETS.entries())
      if (seconds <= most) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1;
    this.#durations = {
      count: this.#durations.count + 1,
      sum: this.#durations.sum + Math.max(0, seconds),
    };
  }

  /** @param gauges as they are now */
  text(gauges: Readonly<Record<GaugeName, readonly Gauge[]>>): string {
    const lines = (Object.entries(FAMILIES) as [Name, MetricFamily][]).flatMap(([name, family]) => [
      `# HELP ${PREFIX}${name} ${family.help}`,
      `# TYPE ${PREFIX}${name} ${family.type}`,
      ...this.#samples(name, gauges),
    ]);
    return `${lines.join('\n')}\n`;
  }

  #samples(name: Name, gauges: Readonly<Record<GaugeName, readonly Gauge[]>>): string[] {
    if (name === 'duration_seconds') return this.#histogram(`${PREFIX}${name}`);
    if (isGauge(name))
      return gauges[name].map(
        ({ labels = {}, value }) => `${PREFIX}${name}${formatLabels(labels)} ${value}`,
      );
    const series = this.#counters.get(name) ?? new Map<string, number>();
    return [...series].map(([labels, value]) => `${PREFIX}${name}${labels} ${value}`);
  }

  #histogram(name: string): string[] {
    const { count, sum } = this.#durations;
    return [
      ...DURATION_BUCKETS.map((most, i) => `${name}_bucket{le="${most}"} ${this.#buckets[i]}`),
      `${name}_bucket{le="+Inf"} ${count}`,
      `${name}_sum ${sum}`,
      `${name}_count ${count}`,
    ];
  }
}

const isGauge = (name: Name): name is GaugeName => FAMILIES[name].type === 'gauge';

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
