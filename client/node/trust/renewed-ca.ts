/**
 * A CA certificate that was renewed with the same key. A node that trusts the one before trusts its key under its subject,
 * and the key itself has signed the new one, or a proof that names it (`renewal-voucher.ts`), so that nobody has to accept
 * it: the bucket only delivers it.
 */
import type { X509Certificate } from 'node:crypto';
import { bufferOf } from '../../../lib/bytes.ts';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { isSelfSigned, subjectUntil } from './above.ts';
import { hashOf } from './ca-cert-hash.ts';
import type { PublishedBundle } from './read-bundle.ts';
import { isVouchedFor, type RenewalVouchers } from './renewal-voucher.ts';

export interface RenewedFile {
  /** The file with its renewed certificates: each where the one before was. */
  readonly pem: string;
  readonly replaced: readonly Replacement[];
}

interface Replacement {
  readonly before: X509Certificate;
  readonly after: X509Certificate;
}

/** What the service publishes for the CA of a file. */
type Published = Pick<Extract<PublishedBundle, { readonly pem: string }>, 'pem' | 'vouchers'>;

export function takeRenewed(ours: string, published: Published, now: Date): RenewedFile {
  const theirs = parseCertificates(published.pem);
  const replaced = parseCertificates(ours).flatMap((before): Replacement[] => {
    const after = theirs.find((one) => isRenewalOf(one, before, published.vouchers, now));
    return after ? [{ before, after }] : [];
  });
  if (replaced.length === 0) return { pem: ours, replaced };
  const all = parseCertificates(ours).map(
    (one) =>
      replaced.find(({ before }) => before.fingerprint256 === one.fingerprint256)?.after ?? one,
  );
  // a file that has the renewed one beside the one before has it once afterwards
  const pems = new Set(all.map(({ raw }) => certificateToPem(raw)));
  return { pem: [...pems].join(''), replaced };
}

/** The certificate that ends later is the newer one: a bucket that has the older one again changes nothing. */
function isRenewalOf(
  one: X509Certificate,
  before: X509Certificate,
  vouchers: RenewalVouchers | undefined,
  now: Date,
): boolean {
  const [start, end, oldEnd] = [one.validFrom, one.validTo, before.validTo].map(Date.parse);
  if (start === undefined || end === undefined || oldEnd === undefined) return false;
  if (!(start <= now.getTime() && end > oldEnd && one.ca)) return false;
  try {
    return (
      isSameKey(one.publicKey, before.publicKey) &&
      bufferOf(subjectOf(one)).equals(subjectOf(before)) &&
      (isSelfSigned(before)
        ? isSelfSigned(one)
        : vouchers !== undefined && !isSelfSigned(one) && isVouchedFor(one, before, vouchers))
    );
  } catch {
    return false; // a key or an encoding that cannot be read
  }
}

/** DER: Go compares names as bytes. */
const subjectOf = ({ raw }: X509Certificate): Uint8Array => readCertificate(raw).subject.raw;

/** Whether two texts have the CAs of the same keys and subjects: their certificates verify the same. */
export function haveSameCas(one: string, other: string): boolean {
  const identities = (pem: string) =>
    [...new Set(parseCertificates(pem).map((ca) => `${ca.subject} ${hashOf(ca)}`))].sort();
  return identities(one).join() === identities(other).join();
}

const DAY_MS = 24 * 60 * 60 * 1000;
/**
 * kubeadm's certificates are valid for a year, and a new one restarts the component that keeps a CA in memory; the kubelet,
 * which rotates its own, is restarted with the upgrade to a minor release, each of which is supported for 14 months.
 */
const LONGEST_RUN_DAYS = 500;

/**
 * Whether components that read the file only when they start may keep the certificate of before: it verifies what the
 * new one does, until it ends.
 */
export const mayStayInMemory = ({ replaced }: RenewedFile, now: Date): boolean =>
  replaced.every(
    ({ before }) => Date.parse(before.validTo) - now.getTime() > LONGEST_RUN_DAYS * DAY_MS,
  );

/** @param verb `would get` or `got` */
export const describeRenewed = (
  file: string,
  { replaced }: RenewedFile,
  verb: string,
  mayStay: boolean,
): string[] =>
  replaced.map(
    ({ before, after }) =>
      `${file} ${verb} the renewed certificate of ${subjectUntil(after)}, with the same key${
        mayStay
          ? `; components that read it only when they start need it after ${isoDate(before.validTo)}`
          : ''
      }`,
  );
