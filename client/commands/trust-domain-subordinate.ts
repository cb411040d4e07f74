/** `cakeless trust-domain csr` and `import-certificate`: wording and exit codes. */
import type { RenewedCa } from '../../lib/ca/trust-domain-request.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import type { CaKeySpec } from '../../lib/signing/signing-algorithm.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { TrustDomainSummary } from '../operator/trust-domain.ts';
import { readGivenText } from '../read-text.ts';
import {
  acceptedOf,
  describeCertificate,
  type ExaminedCertificate,
  examineCertificate,
  type ForeseenImport,
  foreseeImport,
  importCertificate as importOne,
  isImportable,
  refusalsOf,
} from '../subordinate/import-certificate.ts';
import {
  csrFileOf,
  type RequestedCa,
  requestCertificates,
  writeCsrs,
} from '../subordinate/request-certificates.ts';
import { requestSuccessors } from '../subordinate/request-successors.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, printText, type Terminal } from '../terminal.ts';
import { describeCas } from './trust-domain.ts';

export interface CsrOptions {
  ca?: CaName[];
  keySpec?: CaKeySpec;
  commonName?: string;
  key?: string;
  successor?: true;
  out?: string;
  output: OutputFormat;
}

export async function csr(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  options: CsrOptions,
): Promise<void> {
  const { ca: named, keySpec, commonName, key, successor, out, output } = options;
  const cas = CA_NAMES.filter((ca) => named?.includes(ca) ?? true);
  const [first] = cas;
  refuseContradictions(options, cas);
  const keys = key !== undefined && first !== undefined ? { [first]: key } : {};
  terminal.progress(`creating the CSRs for ${cas.join(', ')} of ${trustDomain} ...`);
  const { invokeCreateCa } = connection;
  const wanted = { trustDomain, cas, keySpec, keys };
  const requested = successor
    ? await requestSuccessors(invokeCreateCa, wanted)
    : await requestCertificates(invokeCreateCa, { ...wanted, commonName });
  if (out !== undefined) await writeCsrs(out, requested);
  if (out === undefined && output !== 'json') {
    for (const { csr: pem } of requested) printText(terminal.print, pem);
    for (const { ca, caCertHash } of requested)
      terminal.progress(`${ca}: its public key has the hash ${caCertHash}`);
    for (const line of requested.flatMap(describePurpose)) terminal.progress(line);
    return;
  }
  const files = requested.map((one) => ({
    ...one,
    file: out === undefined ? null : csrFileOf(out, one.ca),
  }));
  printResult(terminal, output, { trustDomain, cas: files }, () => describeCsrs(files));
}

/** @throws CommandError usage */
function refuseContradictions(
  { ca: named, commonName, key, successor }: CsrOptions,
  cas: readonly CaName[],
): void {
  if (cas.length > 1 && (commonName !== undefined || key !== undefined))
    throw new CommandError('usage', '--common-name and --key are for one CA: name it with --ca');
  if (successor && !named)
    throw new CommandError('usage', '--successor: name each CA that is to be rotated with --ca');
  if (successor && commonName !== undefined)
    throw new CommandError(
      'usage',
      '--common-name: a new version of a CA has the common name of the one before',
    );
}

function describeCsrs(
  requested: readonly (RequestedCa & { readonly file: string | null })[],
): Line[] {
  return [
    {
      columns: [
        'CA',
        { title: 'SUBJECT', cut: 'end', drop: 2 },
        { title: 'KEY SPEC', drop: 3 },
        { title: 'KEY', cut: 'start', drop: 1 },
        'FILE',
      ],
      rows: requested.map(({ ca, subject, keySpec, keyId, file }) => [
        ca,
        subject,
        keySpec,
        keyId,
        file ?? '-',
      ]),
    },
    'hashes of the public keys, which will be those of the certificates:',
    requested.map(({ caCertHash }) => `--ca-cert-hash ${caCertHash}`).join(' '),
    ...requested.flatMap(describePurpose),
  ];
}

/** What the certificate is for, if it is not the first one of the CA. */
function describePurpose({ ca, renews, successor }: RequestedCa): string[] {
  if (successor !== undefined)
    return [
      `${ca}: for a rotation to version ${successor}, which has a new key; ask for the subject of the current certificate`,
    ];
  return renews
    ? [
        `${ca}: for a renewal: this CSR has the key and the subject of version ${renews.version}, whose certificate expires at ${renews.notAfter}; ask for one that expires later`,
      ]
    : [];
}

export interface ImportOptions {
  ca: CaName;
  certificate: string;
  chain: string;
  csr?: string;
  key?: string;
  dryRun?: boolean;
  output: OutputFormat;
}

export async function importCertificate(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  { ca, certificate, chain, csr: csrFile, key, dryRun, output }: ImportOptions,
): Promise<ExitCode> {
  const given = {
    ca,
    certificate: readGivenText(certificate),
    chain: readGivenText(chain),
    csr: csrFile === undefined ? undefined : readGivenText(csrFile),
  };
  const examined = examineCertificate(given, systemClock.now());
  const { invokeCreateCa } = connection;
  if (dryRun) {
    const preview = await foreseeImport(invokeCreateCa, trustDomain, examined, key);
    return printPreview(terminal, output, trustDomain, preview);
  }
  if (isImportable(examined))
    terminal.progress(`importing the certificate of ${ca} of ${trustDomain} ...`);
  const summary = await importOne(invokeCreateCa, trustDomain, examined, key);
  return printImported(terminal, output, ca, summary);
}

function printPreview(
  terminal: Terminal,
  output: OutputFormat,
  trustDomain: string,
  { examined, foreseen }: Awaited<ReturnType<typeof foreseeImport>>,
): ExitCode {
  if (foreseen)
    terminal.progress(`${describeForeseen(examined.ca, trustDomain, foreseen)} (dry run)`);
  const json = { ...forJson(examined), change: foreseen?.change ?? null };
  printResult(terminal, output, json, () => describeExamined(examined));
  return foreseen ? EXIT.done : EXIT.checkFailed;
}

function describeForeseen(ca: CaName, trustDomain: string, foreseen: ForeseenImport): string {
  if (foreseen.change === 'successor')
    return `would import the certificate of version ${foreseen.version} of ${ca} of ${trustDomain}, with which a rotation can start`;
  if (foreseen.change !== 'renewal')
    return foreseen.change === 'first'
      ? `would import the certificate of ${ca} of ${trustDomain}`
      : `${ca} of ${trustDomain} has this certificate and this chain already`;
  const { version, before, after } = foreseen.renewed;
  return before.sha256 === after.sha256
    ? `would replace the chain of version ${version} of ${ca} of ${trustDomain}; its certificate stays the same`
    : `would renew version ${version} of ${ca} of ${trustDomain}, which expires at ${before.notAfter}, until ${after.notAfter}`;
}

const forJson = (examined: ExaminedCertificate) => ({
  importable: isImportable(examined),
  ca: examined.ca,
  certificate: examined.certificate ? describeCertificate(examined.ca, examined.certificate) : null,
  chain: examined.chain.map((one) => describeCertificate(examined.ca, one)),
  accepts: acceptedOf(examined),
  refuses: refusalsOf(examined),
});

function describeExamined(examined: ExaminedCertificate): Line[] {
  const { ca, certificate, chain } = examined;
  const named: [string, NonNullable<typeof certificate>][] = [
    ...(certificate ? [[ca, certificate] as [string, typeof certificate]] : []),
    ...chain.map((one): [string, typeof one] => ['above it', one]),
  ];
  return [
    {
      columns: ['CERTIFICATE', { title: 'SUBJECT', cut: 'end' }, 'EXPIRES', 'SHA-256'],
      rows: named.map(([what, one]) => {
        const { subject, notAfter, sha256 } = describeCertificate(ca, one);
        return [what, subject, notAfter, sha256];
      }),
    },
    ...acceptedOf(examined).map((text) => `${ca}: accepted: ${text}`),
    ...refusalsOf(examined).map((text) => `${ca}: refused: ${text}`),
    isImportable(examined)
      ? 'this certificate can be imported'
      : 'this certificate cannot be imported',
  ];
}

function printImported(
  terminal: Terminal,
  output: OutputFormat,
  ca: CaName,
  summary: TrustDomainSummary,
): ExitCode {
  for (const warning of summary.warnings ?? [])
    terminal.progress(`warning: ${warning.ca}: ${warning.text}`);
  const { trustDomain, renewed = [], successor } = summary;
  if (successor) {
    terminal.progress(
      `imported the certificate of version ${successor.version} of ${ca} of trust domain ${trustDomain}; nothing trusts it yet`,
    );
    printResult(terminal, output, summary, () => [
      'start the rotation, which prints what an approver has to approve:',
      `cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust`,
    ]);
    return EXIT.done;
  }
  const lines = renewed.map(describeRenewed);
  for (const line of lines) terminal.progress(line);
  if (lines.length === 0)
    terminal.progress(`imported the certificate of ${ca} of trust domain ${trustDomain}`);
  const missing = CA_NAMES.filter((name) => !(name in summary.cas));
  printResult(terminal, output, { ...summary, missing }, () => [
    ...describeCas(summary),
    ...describeMissing(trustDomain, missing),
  ]);
  return EXIT.done;
}

const describeRenewed = ({ trustDomain, ca, version, before, after }: RenewedCa): string =>
  before.sha256 === after.sha256
    ? `replaced the chain of version ${version} of ${ca} of ${trustDomain}; its certificate stays the same; nodes take the chain with their next renewals`
    : `renewed version ${version} of ${ca} of ${trustDomain} with the same key, until ${after.notAfter}; nodes take the certificate with their next renewals`;

/** The nodes of a cluster need every CA, except those that the cluster does not have. */
function describeMissing(trustDomain: string, missing: readonly CaName[]): Line[] {
  if (missing.length === 0) return ['the trust domain has all its CAs'];
  const options = missing.map((ca) => `--ca ${ca}`).join(' ');
  return [
    `not in the trust domain yet: ${missing.map(describeOne).join(', ')}`,
    'for each that a corporate CA certifies:',
    `cakeless trust-domain import-certificate ${trustDomain} --ca NAME --certificate FILE --chain FILE`,
    'for the others, which get a self-signed certificate:',
    `cakeless trust-domain create ${trustDomain} ${options}`,
  ];
}

const describeOne = (ca: CaName): string => {
  if (ca === 'etcd-ca') return 'etcd-ca (not needed with an external etcd)';
  return ca === 'kubelet-ca' ? 'kubelet-ca (optional)' : ca;
};
