import type { VersionSummary } from '../../lib/ca/summarize.ts';
import type { Rotation } from '../../lib/contract/rotation-state.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { Connection } from '../connection.ts';
import { listTrustDomains, type TrustDomainRow } from '../operator/list-clusters.ts';
import {
  createTrustDomain,
  summarizeTrustDomain,
  type TrustDomainSummary,
} from '../operator/trust-domain.ts';
import type { Column, Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeLastRotation } from './describe-last-rotation.ts';
import { failIfUnreadable } from './unreadable.ts';

export interface CreateOptions {
  ca?: CaName[];
  keySpec?: string;
  validityDays?: number;
  keyCa?: string;
  keyEtcdCa?: string;
  keyFrontProxyCa?: string;
  keyKubeletCa?: string;
  output: OutputFormat;
}

export async function create(
  connection: Connection,
  terminal: Terminal,
  name: string,
  { output, ...options }: CreateOptions,
): Promise<void> {
  terminal.progress(`creating the CAs of ${name} ...`);
  const { ca: cas, keySpec, validityDays } = options;
  const wanted = { cas, keySpec, validityDays, keys: keysOf(options) };
  const summary = await createTrustDomain(connection.invokeCreateCa, name, wanted);
  terminal.progress(describeCreated(name, summary));
  print(terminal, output, summary);
}

function describeCreated(name: string, { created, added = [] }: TrustDomainSummary): string {
  if (created) return `created trust domain ${name}`;
  if (added.length > 0) return `added ${added.join(', ')} to trust domain ${name}`;
  return `trust domain ${name} exists; nothing was changed`;
}

export async function show(
  connection: Connection,
  terminal: Terminal,
  name: string,
  output: OutputFormat,
): Promise<void> {
  print(terminal, output, await summarizeTrustDomain(await connection.authority(), name));
}

export async function list(
  connection: Connection,
  terminal: Terminal,
  output: OutputFormat,
): Promise<void> {
  const { items, unreadable } = await listTrustDomains(await connection.authority());
  printResult(terminal, output, items, () => describeAll(items));
  failIfUnreadable(unreadable, 'CLUSTERS is incomplete if a cluster record is among them');
}

function describeAll(rows: readonly TrustDomainRow[]): Line[] {
  if (rows.length === 0) return ['no trust domains; cakeless trust-domain create NAME creates one'];
  return [
    {
      columns: [
        'TRUST DOMAIN',
        { title: 'ORIGIN', drop: 2 },
        { title: 'KEY SPEC', drop: 1 },
        'FIRST CA EXPIRES',
        { title: 'CLUSTERS', cut: 'end' },
      ],
      rows: rows.map(({ trustDomain, origins, keySpecs, notAfter, clusters }) => [
        trustDomain,
        origins.join(', '),
        keySpecs.join(', '),
        notAfter,
        clusters.join(', ') || 'none',
      ]),
    },
  ];
}

function keysOf(options: Omit<CreateOptions, 'output'>): Partial<Record<CaName, string>> {
  const { keyCa, keyEtcdCa, keyFrontProxyCa, keyKubeletCa } = options;
  return {
    ...(keyCa !== undefined && { ca: keyCa }),
    ...(keyEtcdCa !== undefined && { 'etcd-ca': keyEtcdCa }),
    ...(keyFrontProxyCa !== undefined && { 'front-proxy-ca': keyFrontProxyCa }),
    ...(keyKubeletCa !== undefined && { 'kubelet-ca': keyKubeletCa }),
  };
}

/** People compare a fingerprint as a whole, so it is left out rather than shortened. */
const CA_COLUMNS: readonly Column[] = [
  'CA',
  { title: 'SUBJECT', cut: 'end', drop: 3 },
  { title: 'ORIGIN', drop: 4 },
  { title: 'KEY SPEC', drop: 2 },
  'EXPIRES',
  { title: 'KEY', cut: 'start' },
  { title: 'SHA-256', drop: 1 },
];

function print(terminal: Terminal, output: OutputFormat, summary: TrustDomainSummary): void {
  printResult(terminal, output, summary, () => describeCas(summary));
}

function describeVersion(
  ca: string,
  { version, notAfter, sha256, hasCross, endedAt }: VersionSummary,
): string {
  const cross = hasCross ? ', certified by the version before' : '';
  const state = endedAt === undefined ? `expires ${notAfter}` : `ended at ${endedAt}`;
  return `version ${version} of ${ca} (SHA-256 ${sha256}) does not sign: it ${state}${cross}`;
}

const describeRotation = ({ ca, from, to, phase, since, compromised }: Rotation): string =>
  `${ca} is rotated from version ${from} to ${to}: phase ${phase} since ${since}${compromised ? ', as compromised' : ''}`;

export function describeCas({
  cas,
  rotation,
  lastRotations = [],
  caCertHashes = [],
}: TrustDomainSummary): Line[] {
  const options = caCertHashes.map((hash) => `--ca-cert-hash ${hash}`).join(' ');
  return [
    {
      columns: CA_COLUMNS,
      rows: Object.entries(cas).map(([name, ca]) => [
        name,
        ca.subject,
        ca.origin,
        ca.keySpec,
        ca.notAfter,
        ca.keyId,
        ca.sha256,
      ]),
    },
    ...Object.entries(cas).flatMap(([name, { otherVersions = [] }]) =>
      otherVersions.map((version) => describeVersion(name, version)),
    ),
    ...(rotation
      ? [describeRotation(rotation)]
      : Object.entries(cas).flatMap(([name, { compromised }]) =>
          compromised
            ? [`${name} was declared compromised, and still signs: rotate it with --compromised`]
            : [],
        )),
    ...lastRotations.flatMap(describeLastRotation),
    ...(options === '' ? [] : ['options for cakeless prepare on a new node:', options]),
  ];
}
