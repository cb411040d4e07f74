/** Receives one outcome: checks a certificate against everything that the node knows, and writes it if it is valid. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { caOfCertificate, trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { issuedNameOf, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { readUpload } from '../../../lib/csr/read-upload.ts';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { CaName, IssuedName } from '../../../lib/profiles/certificate-names.ts';
import { issuedProfileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError, unusableFile } from '../../errors.ts';
import type { ReadViolation } from '../../wording/refusals.ts';
import { statIfThere } from '../disk/file-change.ts';
import { publicKeyBeside } from '../disk/key-beside.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { explain } from '../exchange/outcome-documents.ts';
import type { Outcome } from '../exchange/outcomes.ts';
import { checkCertificate } from '../trust/check-certificate.ts';
import type { PublishedBundle } from '../trust/read-bundle.ts';

export interface Received {
  readonly certificateName?: string;
  /** Below the request id, without `.csr`. */
  readonly path: string;
  readonly outcome: Outcome['state'] | 'check-failed';
  readonly file?: string;
  readonly notAfter?: string;
  readonly violations?: readonly ReadViolation[];
  /** Why a certificate was not written. */
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
  /** Key of a request that must be approved. */
  readonly requestKey?: string;
}

/** As kubeadm writes certificates: anyone may read them. */
const CERTIFICATE_MODE = 0o644;

/** Where outcomes are read. */
export interface OutcomeSource {
  readonly exchange: Exchange;
  /** What the service publishes, read once for each CA. */
  bundle(trustDomain: string, ca: CaName): Promise<PublishedBundle>;
}

export async function receive(
  source: OutcomeSource,
  outcome: Outcome,
  folder: string,
  now: Date,
): Promise<Received> {
  const name = nameOf(outcome);
  const about = { path: outcome.path, ...(name && { certificateName: name }) };
  if (outcome.state === 'no-outcome' || outcome.key === undefined)
    return { ...about, outcome: 'no-outcome' };
  if (outcome.state === 'issued') return receiveCertificate(source, outcome, folder, now);
  const explanation = await explain(source.exchange, outcome);
  if (outcome.state === 'rejected') return { ...about, outcome: 'rejected', ...explanation };
  return { ...about, outcome: 'pending', ...explanation, requestKey: outcome.requestKey };
}

function nameOf({ requestKey }: Pick<Outcome, 'requestKey'>): IssuedName | undefined {
  const address = parseRequestKey(requestKey);
  return address && issuedNameOf(address);
}

async function receiveCertificate(
  { exchange, bundle: bundleOf }: OutcomeSource,
  { path, key = '', requestKey }: Outcome,
  folder: string,
  now: Date,
): Promise<Received> {
  const certificateName = nameOf({ requestKey });
  const failed = (...problems: string[]): Received => ({ path, outcome: 'check-failed', problems });
  if (!certificateName) return failed('kubeadm has no certificate at this path');
  const profile = issuedProfileOf(certificateName);
  const stem = join(folder, path);
  const [object, csr] = await Promise.all([
    exchange.get(key, LIMITS.maxOutcomeBytes),
    (requestKey.endsWith('.csr') ? csrBeside(stem) : undefined) ??
      exchange.get(requestKey, LIMITS.maxObjectBytes).then((o) => o?.body),
  ]);
  if (!object || !csr)
    return failed('the certificate or its CSR no longer exists; submit it again');
  const unusable =
    object.unreadable ?? (object.tooLarge ? `it has ${object.size} bytes` : undefined);
  if (unusable !== undefined) return failed(`the certificate cannot be read: ${unusable}`);
  const { request } = readUpload(parseRequestKey(requestKey)?.path ?? '', csr).csr;
  if (!request) return failed('its CSR cannot be read');
  const bundle = await bundleOf(
    trustDomainOfCertificate(object.metadata),
    caOfCertificate(object.metadata, profile.cas),
  );
  if ('problem' in bundle) return failed(bundle.problem);
  const pem = Buffer.from(object.body).toString('latin1');
  const expected = { profile, request, key: publicKeyBeside(stem), trustBundle: bundle.pem, now };
  const problems = checkCertificate(pem, expected);
  if (problems.length > 0) return { ...failed(...problems), certificateName };
  const file = `${stem}.crt`;
  await writeTo(folder, file, pem);
  const notAfter = new Date(new X509Certificate(pem).validTo).toISOString();
  return { certificateName, path, outcome: 'issued', file, notAfter };
}

/** The folder of the file may belong to another user, as pki/etcd to etcd. */
async function writeTo(folder: string, file: string, pem: string): Promise<void> {
  try {
    await makeFolder(dirname(file), 'any');
    await writeDurably(file, pem, CERTIFICATE_MODE, undefined, 'any');
  } catch (error) {
    throw unusableOutput(folder, unusableFile(file, error));
  }
}

/** @throws CommandError if it is a file, or below one */
export function checkOutput(folder: string): void {
  try {
    if (statIfThere(folder)?.isDirectory() !== false) return;
  } catch (error) {
    throw unusableOutput(folder, unusableFile(folder, error));
  }
  throw unusableOutput(folder, new CommandError('usage', 'not a directory'));
}

/** Another folder helps if the name is wrong, but not if the disk is full. */
const unusableOutput = (folder: string, error: unknown): unknown =>
  error instanceof CommandError && error.code === 'usage'
    ? new CommandError(
        'usage',
        `${folder}: not usable as the output folder: ${error.message}`,
        'use another folder for --out',
      )
    : error;

/** If the node kept its CSR, that one says what was requested: the one in the bucket may be another. */
function csrBeside(stem: string): Uint8Array | undefined {
  return existsSync(`${stem}.csr`) ? readFile(`${stem}.csr`).bytes : undefined;
}
