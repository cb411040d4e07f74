/** The inventory for the node exporter's textfile collector (Prometheus text exposition format 0.0.4). */
import type { Finding } from './findings.ts';
import { type Inventory, rowsOf } from './inventory.ts';
import type { Row } from './row.ts';

type Sample = readonly [labels: Record<string, string>, value: number];

export function formatPrometheus(
  inventory: Inventory,
  wrong: readonly Finding[],
  now: Date,
): string {
  const rows = rowsOf(inventory);
  const leaves = [...inventory.certificates, ...inventory.kubelet];
  const expirations = (list: readonly Row[], labels: (row: Row) => Record<string, string>) =>
    list.flatMap((row): Sample[] =>
      row.notAfter ? [[labels(row), row.notAfter.getTime() / 1000]] : [],
    );
  return [
    gauge(
      'cakeless_certificate_expiration_timestamp_seconds',
      'When a certificate of this node expires, in seconds since the epoch.',
      expirations(leaves, ({ name, caName }) => ({ name, ca: caName ?? '' })),
    ),
    gauge(
      'cakeless_certificate_authority_expiration_timestamp_seconds',
      'When the first certificate of a CA file of this node expires, in seconds since the epoch.',
      expirations(inventory.certificateAuthorities, ({ name }) => ({ ca: name })),
    ),
    gauge(
      'cakeless_certificate_problems',
      'Number of problems with a certificate of this node or its file, apart from its age.',
      rows.map(({ name }): Sample => [{ name }, wrong.filter((p) => p.name === name).length]),
    ),
    gauge(
      'cakeless_certificate_check_timestamp_seconds',
      'When the certificates of this node were checked, in seconds since the epoch.',
      [[{}, Math.trunc(now.getTime() / 1000)]],
    ),
  ].join('');
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${formatLabels(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines, ''].join('\n');
}

/** Values are kubeadm's names, which contain no character that needs escaping. */
function formatLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
