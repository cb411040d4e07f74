/**
 * Which CA certificates a PEM text of the cluster has. Anyone who can write the object chose the text: what cannot be
 * read has no certificate, and what is endless is read in part.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { CLUSTER_REPORT_LIMITS } from '../../lib/contract/cluster-report.ts';
import { sha256Of } from '../node/disk/fingerprints.ts';

/** A bundle of all public CAs has 250 KB. An object of the API has 1.5 MB at most, where etcd has its default limit. */
const MAX_TEXT = 1024 * 1024;
/** Of one text. Each costs a tenth of a millisecond, unless it was seen before. */
const MAX_CERTIFICATES = 500;
/** The same few CAs are in every namespace. */
const MAX_REMEMBERED = 2000;

export class CaDigests {
  readonly #isOurs: (sha256: string) => boolean;
  readonly #seen = new Map<string, string | undefined>();

  /** @param isOurs whether a digest is that of a CA certificate of the trust domain */
  constructor(isOurs: (sha256: string) => boolean) {
    this.#isOurs = isOurs;
  }

  /** Each once, in their order; of more than a report has room for, those of the trust domain come first. */
  of(pem: unknown): string[] {
    if (typeof pem !== 'string') return [];
    const blocks = certificatesIn(pem.slice(0, MAX_TEXT)).slice(0, MAX_CERTIFICATES);
    const all = [...new Set(blocks.flatMap((block) => this.#digestOf(block) ?? []))];
    const most = CLUSTER_REPORT_LIMITS.certificates;
    if (all.length <= most) return all;
    return [...all.filter(this.#isOurs), ...all.filter((one) => !this.#isOurs(one))].slice(0, most);
  }

  /** Only those of the trust domain. @param base64 as the API has a caBundle */
  oursOf(base64: unknown): string[] {
    if (typeof base64 !== 'string') return [];
    const text = Buffer.from(base64.slice(0, 2 * MAX_TEXT), 'base64').toString('latin1');
    return this.of(text).filter(this.#isOurs);
  }

  #digestOf(block: string): string | undefined {
    if (this.#seen.has(block)) return this.#seen.get(block);
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    const digest = digestOfCa(block);
    this.#seen.set(block, digest);
    return digest;
  }
}

function digestOfCa(block: string): string | undefined {
  try {
    const certificate = new X509Certificate(block);
    return certificate.ca ? sha256Of(certificate) : undefined;
  } catch {
    return undefined;
  }
}
