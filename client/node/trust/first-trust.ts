/** The CA certificates of a new node: fetches what the service publishes, and checks it against the pins. */
import { existsSync } from 'node:fs';
import {
  certificateToPem,
  hidesNoCertificate,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caChainFileOf, caFileOf, type NodeFolders } from '../disk/places.ts';
import { describeSharedKey, findSharedKeys } from './another-ca.ts';
import { hashOf } from './ca-cert-hash.ts';
import { describeRoot, findChainProblem, findUnknownRoots } from './ca-chain.ts';
import { isOptional } from './optional-ca.ts';
import { judgeBundle, type Pins } from './pins.ts';
import { type PublishedBundle, readBundleWithChain } from './read-bundle.ts';
import { HOW_TO_GIVE_A_REASON, type TrustReason } from './reasons.ts';
import { haveSameCas } from './renewed-ca.ts';

export interface TrustedCa {
  readonly ca: CaName;
  readonly file: string;
  readonly bundle: string;
  /** SHA-256 of the first certificate's public key. */
  readonly sha256: string;
  readonly trustedBy: TrustReason;
  /** Only of a CA below another one. */
  readonly chain?: TrustedChain;
}

/** What is above a CA, and may be written beside it. */
export interface TrustedChain {
  readonly file: string;
  readonly pem: string;
}

export interface FirstTrust {
  readonly trusted: readonly TrustedCa[];
  readonly problems: readonly string[];
  /** Why a CA that the node may lack is not trusted. */
  readonly notes: readonly string[];
}

/** A file that a node of this configuration may not lack, although others may. */
export interface NeededFile {
  readonly file: string;
  readonly why: string;
}

/**
 * All CAs or none: a problem with one of them means that nothing is written. Only a CA that the node may lack is left out
 * if nothing vouches for it.
 */
export async function readTrust(
  exchange: ObjectStore,
  trustDomain: string,
  cas: readonly CaName[],
  folders: NodeFolders,
  pins: Pins,
  needed: readonly NeededFile[] = [],
): Promise<FirstTrust> {
  if (!isSubdomain(trustDomain))
    return { trusted: [], problems: ['the certificates name no trust domain'], notes: [] };
  const bundles = await Promise.all(
    cas.map((ca) => readBundleWithChain(exchange, trustDomain, ca)),
  );
  const judged = cas.map((ca, i) => judgePublished(ca, bundles[i], folders, pins, needed));
  const trusted = judged.flatMap((one) => one.trusted ?? []);
  const problems = judged.flatMap((one) => one.problem ?? []);
  problems.push(...findSharedProblems(trusted));
  return { trusted, problems, notes: judged.flatMap((one) => one.note ?? []) };
}

interface Judged {
  readonly trusted?: TrustedCa;
  readonly problem?: string;
  readonly note?: string;
}

function judgePublished(
  ca: CaName,
  published: PublishedBundle | undefined,
  folders: NodeFolders,
  pins: Pins,
  needed: readonly NeededFile[],
): Judged {
  if (!published) return {};
  const file = caFileOf(ca, folders);
  const why = whyNeeded(file, needed);
  const mayLack = isOptional(ca) && why === '';
  if ('problem' in published) {
    const isFine = published.isAbsent && mayLack && pins.hashes[ca].length === 0;
    return isFine ? {} : { problem: `${published.problem}${why}` };
  }
  const { chain } = published;
  const onDisk = existsSync(file) ? readText(file) : undefined;
  const bundle = unlessRenewed(published.pem, onDisk);
  const decision = judgeBundle(ca, bundle, onDisk, pins);
  if ('trustedBy' in decision) {
    const trusted = { ca, file, bundle, sha256: hashOf(bundle), ...decision };
    if (!chain) return { trusted };
    const judged = judgeChain(trusted, chain, caChainFileOf(ca, folders), pins, needed);
    return { ...judged, trusted: { ...trusted, ...(judged.chain && { chain: judged.chain }) } };
  }
  const { problem, isUnpinned } = decision;
  if (!isUnpinned) return { problem };
  return mayLack
    ? { note: `${file} was not written: ${problem}; ${HOW_TO_GIVE_A_REASON}` }
    : { problem: `${problem}${why}: ${HOW_TO_GIVE_A_REASON}` };
}

/** A CA may be renewed with the same key after its file was written: the file stays, and `renew` replaces it. */
function unlessRenewed(published: string, onDisk: string | undefined): string {
  if (onDisk === undefined || !holdsPlainCertificates(onDisk)) return published;
  return haveSameCas(onDisk, published) ? onDisk : published;
}

const whyNeeded = (file: string, needed: readonly NeededFile[]): string => {
  const found = needed.find((one) => one.file === file);
  return found ? `: ${found.why}` : '';
};

/** A chain that is on disk stays as it is: `renew` keeps it up to date. */
function judgeChain(
  { bundle }: TrustedCa,
  chain: NonNullable<Extract<PublishedBundle, { pem: string }>['chain']>,
  file: string,
  pins: Pins,
  needed: readonly NeededFile[],
): { chain?: TrustedChain; problem?: string; note?: string } {
  if (existsSync(file)) return {};
  const why = whyNeeded(file, needed);
  const lacking = (problem: string, hint: string) =>
    why === ''
      ? { note: `${file} was not written: ${problem}${hint}` }
      : { problem: `${problem}${why}${hint}` };
  if ('problem' in chain) return lacking(chain.problem, '');
  const wrong = findChainProblem(chain.pem, bundle);
  if (wrong !== undefined) return lacking(`the published chain cannot be used: ${wrong}`, '');
  const unknown = pins.onFirstUse ? [] : findUnknownRoots(chain.pem, pins.hashes.root, bundle);
  return unknown.length === 0
    ? { chain: { file, pem: chain.pem } }
    : lacking(
        `nothing vouches for the root above the CA: ${unknown.map(describeRoot).join(', ')}`,
        '; give --ca-cert-hash root=sha256:HEX, obtained from someone who knows the root',
      );
}

/** Certificates of one CA must not verify with another. */
export const findSharedProblems = (trusted: readonly TrustedCa[]): string[] =>
  findSharedKeys(new Map(trusted.map(({ ca, bundle }) => [ca, bundle]))).map(describeSharedKey);

/** If no certificate was issued, checks the CA files on disk against the pins. */
export function judgeDisk(cas: readonly CaName[], folders: NodeFolders, pins: Pins): FirstTrust {
  const trusted: TrustedCa[] = [];
  const problems: string[] = [];
  for (const ca of cas) {
    const file = caFileOf(ca, folders);
    if (!existsSync(file)) continue; // the preflight checks report it
    const text = readText(file);
    const bundle = hidesNoCertificate(text) ? plainCertificates(text) : text;
    const decision = judgeBundle(ca, bundle, bundle, pins);
    if ('problem' in decision) problems.push(`${file}: ${decision.problem}`);
    else trusted.push({ ca, file, bundle, sha256: hashOf(bundle), ...decision });
  }
  problems.push(...findSharedProblems(trusted));
  return { trusted, problems, notes: [] };
}

/** The files of an older cluster may have text around their certificates. */
function plainCertificates(text: string): string {
  try {
    return parseCertificates(text)
      .map(({ raw }) => certificateToPem(raw))
      .join('');
  } catch {
    return text; // judged as it is
  }
}

const readText = (file: string) => readFile(file).bytes.toString('utf8');
