/** `cakeless trust-domain`: the three CAs of a cluster, or of a fleet. */
import { X509Certificate } from 'node:crypto';
import { type Command, Option } from 'commander';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { formatCaCertHash } from '../node/trust/ca-cert-hash.ts';
import { days, outputOption, subdomain } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';

interface Ca {
  readonly keyId: string;
  readonly keySpec: string;
  readonly subject: string;
  readonly notAfter: string;
  readonly sha256: string;
}

interface Summary {
  readonly trustDomain: string;
  readonly created?: boolean;
  readonly cas: Record<string, Ca>;
  /** What a new node trusts the CAs by, as `--ca-cert-hash` takes it; `show` alone says it. */
  readonly caCertHashes?: readonly string[];
}

interface CreateOptions {
  keySpec?: string;
  validityDays?: number;
  keyCa?: string;
  keyEtcdCa?: string;
  keyFrontProxyCa?: string;
  output: OutputFormat;
}

export function addTrustDomainCommands(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  const group = program
    .command('trust-domain')
    .description('the three CAs of a cluster or a fleet');
  group
    .command('create')
    .argument('<name>', 'the trust domain', subdomain)
    .description(
      "make three CA keys in KMS and their CA certificates, once. Clusters that share a trust domain accept each other's client certificates",
    )
    .addOption(
      new Option(
        '--key-spec <spec>',
        'kind of the keys that are made, ECC_NIST_P256 by default',
      ).choices(CA_KEY_SPECS),
    )
    .option('--validity-days <days>', 'lifetime of the CA certificates (default: 3650)', days)
    .option('--key-ca <arn>', 'use this KMS key for ca')
    .option('--key-etcd-ca <arn>', 'use this KMS key for etcd-ca')
    .option('--key-front-proxy-ca <arn>', 'use this KMS key for front-proxy-ca')
    .addOption(outputOption())
    .action(async (name: string, options: CreateOptions) => {
      terminal.progress(`making the CAs of ${name} ...`);
      const summary = (await connection.invokeCreateCa(requestOf(name, options))) as Summary;
      terminal.progress(summary.created ? `made ${name}` : `${name} exists; nothing was changed`);
      print(terminal, options.output, summary);
    });
  group
    .command('show')
    .argument('<name>', 'the trust domain', subdomain)
    .description('the CAs of a trust domain')
    .addOption(outputOption())
    .action(async (name: string, { output }: { output: OutputFormat }) => {
      print(terminal, output, await read(connection, name));
    });
}

function requestOf(trustDomain: string, options: CreateOptions) {
  const keys = Object.entries({
    ca: options.keyCa,
    'etcd-ca': options.keyEtcdCa,
    'front-proxy-ca': options.keyFrontProxyCa,
  }).filter(([, arn]) => arn !== undefined);
  return {
    trustDomain,
    ...(options.keySpec !== undefined && { keySpec: options.keySpec }),
    ...(options.validityDays !== undefined && { validityDays: options.validityDays }),
    ...(keys.length > 0 && { keys: Object.fromEntries(keys) }),
  };
}

async function read(connection: Connection, name: string): Promise<Summary> {
  const authority = await connection.authority();
  const document = await readDocument(authority, trustDomainKey(name), trustDomainSchema);
  if (!document)
    throw new CommandError(
      'usage',
      `there is no trust domain ${name}`,
      `create it: cakeless trust-domain create ${name}`,
    );
  const cas = CA_NAMES.map((ca) => {
    const { signing, versions } = document.cas[ca];
    const current = versions.find(({ version }) => version === signing);
    if (!current) throw new Error(`${name}: no version ${signing} of ${ca}`);
    const certificate = new X509Certificate(current.certificate);
    return [
      ca,
      {
        keyId: current.keyId,
        keySpec: current.keySpec,
        subject: certificate.subject,
        notAfter: new Date(certificate.validTo).toISOString(),
        sha256: certificate.fingerprint256,
      },
    ] as const;
  });
  // nodes install every version, the one that signs first (`lib/ca/create-trust-domain.ts`), and each has to be vouched for
  const caCertHashes = CA_NAMES.flatMap((ca) =>
    document.cas[ca].versions.map(({ certificate }) => formatCaCertHash(ca, certificate)),
  );
  return { trustDomain: name, cas: Object.fromEntries(cas), caCertHashes };
}

function print(terminal: Terminal, output: OutputFormat, summary: Summary): void {
  const { cas, caCertHashes = [] } = summary;
  const options = caCertHashes.map((hash) => `--ca-cert-hash ${hash}`).join(' ');
  printResult(terminal, output, summary, () => [
    ...formatTable(
      ['CA', 'SUBJECT', 'KEY SPEC', 'EXPIRES', 'KEY', 'SHA-256'],
      Object.entries(cas).map(([name, ca]) => [
        name,
        ca.subject,
        ca.keySpec,
        ca.notAfter,
        ca.keyId,
        ca.sha256,
      ]),
    ),
    ...(options === '' ? [] : ['what a new node trusts them by:', options]),
  ]);
}
