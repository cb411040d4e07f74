/** `cakeless trust-domain inspect-pki`: wording and exit codes. */
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import {
  type InspectedCa,
  type Inspection,
  inspectPki as inspect,
  objectionsTo,
} from '../adoption/inspect.ts';
import { readPki } from '../adoption/read-pki.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { resolveSettings } from '../node/state/settings.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeKeyCopies } from './describe-key-copies.ts';

export interface FolderOptions {
  certDir?: string;
  kubeconfigDir?: string;
}

export interface InspectOptions extends FolderOptions {
  ca?: AdoptableCa[];
  output: OutputFormat;
}

export async function inspectPki(
  terminal: Terminal,
  options: InspectOptions,
  now: Date,
): Promise<ExitCode> {
  const { folders } = resolveSettings(options);
  const inspection = inspect(folders, readPki(folders, options.ca), now);
  return printInspection(terminal, options.output, inspection);
}

export function printInspection(
  terminal: Terminal,
  output: OutputFormat,
  inspection: Inspection,
): ExitCode {
  printResult(terminal, output, forJson(inspection), () => describeInspection(inspection));
  return inspection.adoptable ? EXIT.done : EXIT.checkFailed;
}

/** JSON has null where a value is missing, so that every document has the same fields. */
function forJson({ cas, controllerManager, ...rest }: Inspection) {
  return {
    ...rest,
    cas: cas.map(({ certificate, ...ca }) => ({
      ...ca,
      certificate: certificate ? { ...certificate, keySpec: certificate.keySpec ?? null } : null,
    })),
    controllerManager: controllerManager ?? null,
  };
}

function describeInspection(inspection: Inspection): Line[] {
  const { cas, sharedKeys, etcd, keyCopies, controllerManager } = inspection;
  const hashes = cas.flatMap(({ certificate }) => certificate?.caCertHash ?? []);
  return [
    tableOf(cas),
    ...(etcd === 'external'
      ? ['etcd is external: its CA is not adopted, and keeps issuing its certificates']
      : []),
    ...cas.flatMap(({ ca, accepts }) => accepts.map((text) => `${ca}: accepted: ${text}`)),
    ...cas.flatMap((ca) => objectionsTo(ca).map((text) => `${ca.ca}: refused: ${text}`)),
    ...sharedKeys.map((text) => `refused: ${text}`),
    ...(hashes.length === 0
      ? []
      : ['hashes of the public keys:', hashes.map((hash) => `--ca-cert-hash ${hash}`).join(' ')]),
    ...describeKeyCopies(keyCopies),
    ...describeControllerManager(controllerManager),
    inspection.adoptable
      ? 'these CAs can be adopted from this node'
      : 'these CAs cannot be adopted from this node',
  ];
}

function describeControllerManager(found: Inspection['controllerManager']): string[] {
  if (!found?.signs) return [];
  const flags = found.flags.map(({ name, value }) => `--${name}=${value}`).join(' ');
  return [
    `kube-controller-manager signs with a CA key: ${found.file}: ${flags}`,
    'do not remove a CA key while this manifest names it: kube-controller-manager would not start again',
  ];
}

const tableOf = (cas: readonly InspectedCa[]): Line => ({
  columns: [
    'CA',
    { title: 'SUBJECT', cut: 'end', drop: 2 },
    { title: 'KEY SPEC', drop: 3 },
    { title: 'SINCE', drop: 1 },
    'EXPIRES',
    'KEY',
    { title: 'SHA-256', drop: 4 },
  ],
  rows: cas.map(({ ca, certificate, key }) => [
    ca,
    certificate?.subject ?? '-',
    certificate?.keySpec ?? '-',
    certificate?.notBefore ?? '-',
    certificate?.notAfter ?? '-',
    key,
    certificate?.sha256 ?? '-',
  ]),
});
