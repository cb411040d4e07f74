/**
 * The inventory as kubeadm prints it: its text tables, and its CertificateExpirationInfo
 * (cmd/kubeadm/app/apis/output/v1alpha3/types.go) with additional fields.
 */
import { stringify } from 'yaml';
import { type Column, type Line, type Table, titleOf } from '../../table.ts';
import type { Finding } from './findings.ts';
import { humanDuration } from './human-duration.ts';
import type { Inventory } from './inventory.ts';
import { describeRotation, rotationField, type SeenRotation } from './rotation.ts';
import type { Row } from './row.ts';

export type ReportFormat = 'text' | 'wide' | 'json' | 'yaml';

export function formatReport(
  format: ReportFormat,
  inventory: Inventory,
  findings: readonly Finding[],
  now: Date,
  rotation?: SeenRotation,
): Line[] {
  if (format === 'text' || format === 'wide')
    return [...formatText(inventory, findings, now), ...describeRotation(rotation)];
  const document = { ...toDocument(inventory, findings, now), ...rotationField(rotation) };
  if (format === 'json') return JSON.stringify(document, null, 4).split('\n');
  // in YAML 1.1 dates are quoted, as kubeadm quotes them
  const options = { version: '1.1', sortMapEntries: true, indentSeq: false } as const;
  return stringify(document, options).trimEnd().split('\n');
}

/** `certificates` and `certificateAuthorities` are kubeadm's fields; the others are additions. */
function toDocument(inventory: Inventory, findings: readonly Finding[], now: Date) {
  const rows = (list: readonly Row[]) => list.map((row) => toItem(row, now));
  return {
    kind: 'CertificateExpirationInfo',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    certificates: rows(inventory.certificates),
    certificateAuthorities: rows(inventory.certificateAuthorities),
    kubelet: rows(inventory.kubelet),
    problems: findings,
    warnings: inventory.warnings,
  };
}

/** kubeadm has no state for a certificate that cannot be read (it stops there): it counts as missing. */
function toItem(row: Row, now: Date) {
  const { name, notAfter, externallyManaged, caName, inUse, kubeletRotates } = row;
  if (notAfter === undefined)
    return {
      name,
      expirationDate: null,
      residualTime: 0,
      externallyManaged: false,
      missing: true,
    };
  return {
    name,
    expirationDate: notAfter.toISOString().replace('.000Z', 'Z'),
    residualTime: Math.trunc((notAfter.getTime() - now.getTime()) / 1000),
    externallyManaged,
    ...(caName && { caName }),
    missing: false,
    ...(inUse !== undefined && { inUse }),
    ...(kubeletRotates !== undefined && { kubeletRotates }),
  };
}

const LEAF_COLUMNS: readonly Column[] = [
  'EXPIRES',
  'RESIDUAL TIME',
  { title: 'CERTIFICATE AUTHORITY', drop: 2 },
  { title: 'EXTERNALLY MANAGED', drop: 1 },
];

function formatText(inventory: Inventory, findings: readonly Finding[], now: Date): Line[] {
  const leaves = (title: string, rows: readonly Row[]): Table => ({
    columns: [title, ...LEAF_COLUMNS],
    rows: rows.map((row) => cellsOf(row, now, [row.caName ?? ''])),
    format: tabulate,
  });
  const { certificates, kubelet } = inventory;
  const cas: Table = {
    columns: [
      'CERTIFICATE AUTHORITY',
      'EXPIRES',
      'RESIDUAL TIME',
      { title: 'EXTERNALLY MANAGED', drop: 1 },
    ],
    rows: inventory.certificateAuthorities.map((row) => cellsOf(row, now, [])),
    format: tabulate,
  };
  const problems: Table = {
    columns: ['PROBLEM', 'FILE', 'WHAT'],
    rows: toCells(findings),
    format: tabulate,
  };
  return [
    // a worker has none of the former, a copy of a pki folder none of the latter
    ...(certificates.length > 0 ? [leaves('CERTIFICATE', certificates), ''] : []),
    cas,
    ...(kubelet.length > 0 ? ['', leaves('KUBELET CERTIFICATE', kubelet)] : []),
    ...(findings.length > 0 ? ['', problems] : []),
  ];
}

const toCells = (findings: readonly Finding[]) =>
  findings.map(({ name, file, problem }) => [name, file, problem]);

function cellsOf(row: Row, now: Date, more: readonly string[]): string[] {
  const { name, state, notAfter, externallyManaged } = row;
  const empty = ['', '', ...more.map(() => ''), ''];
  if (notAfter === undefined)
    return [`${state === 'missing' ? '!MISSING!' : '!BROKEN!'} ${name}`, ...empty];
  const residual = humanDuration(notAfter.getTime() - now.getTime());
  return [
    `${name}${remarkOn(row)}`,
    formatDate(notAfter),
    residual,
    ...more,
    (externallyManaged ? 'yes' : 'no').padEnd(8),
  ];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function remarkOn({ inUse, kubeletRotates }: Row): string {
  if (inUse === false) return ' (not used)';
  return kubeletRotates ? ' (rotated by the kubelet)' : '';
}

/** Go's layout `Jan 02, 2006 15:04 MST`, in UTC. */
function formatDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())}, ${date.getUTCFullYear()} ${time} UTC`;
}

/** Go's text/tabwriter with kubeadm's settings: cells of at least 10, 3 blanks after the widest, the last one unpadded. */
function tabulate(table: Table): string[] {
  const rows = [table.columns.map(titleOf), ...table.rows];
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, i) =>
    Math.max(10, ...rows.map((row) => (row[i] ?? '').length + 3)),
  );
  return rows.map((row) =>
    row.map((cell, i) => (i < widths.length ? cell.padEnd(widths[i] ?? 0) : cell)).join(''),
  );
}
