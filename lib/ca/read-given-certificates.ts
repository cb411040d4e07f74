/** The certificates of a request about adoption, read and linted. */
import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import { certificatesIn, hidesNoCertificate } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import { readDer } from '../der/read.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import { judgeAdoptedKey } from './adopted-key.ts';
import { lintAdopted } from './lint-adopted.ts';
import {
  ADOPTABLE_CAS,
  type AdoptableCa,
  type CaFinding,
  type CasToAdopt,
} from './trust-domain-request.ts';

export interface GivenCertificate {
  readonly ca: AdoptableCa;
  readonly der: Uint8Array;
  readonly keySpec: CaKeySpec;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** ARN or alias that the request names. */
  readonly keyId: string | undefined;
}

export interface GivenCertificates {
  /** Without those that are refused, in the order of `ADOPTABLE_CAS`. */
  readonly certificates: readonly GivenCertificate[];
  readonly findings: readonly CaFinding[];
}

export function readGivenCertificates(cas: CasToAdopt, now: Date): GivenCertificates {
  const certificates: GivenCertificate[] = [];
  const findings: CaFinding[] = [];
  for (const ca of ADOPTABLE_CAS) {
    const given = cas[ca];
    if (!given) continue;
    const der = readOne(given.certificate);
    if (typeof der === 'string') {
      findings.push({ ca, level: 'refuses', text: der });
      continue;
    }
    const found = lintAdopted(ca, der, now).map((finding): CaFinding => ({ ca, ...finding }));
    findings.push(...found);
    if (found.some(({ level }) => level === 'refuses')) continue;
    certificates.push({ ca, der, keyId: given.keyId, ...keyIn(der) });
  }
  return { certificates, findings: [...findings, ...findSharedKeys(certificates)] };
}

/** @returns the only certificate of a text, or why there is no such certificate */
function readOne(text: string): Uint8Array | string {
  const [pem, ...others] = certificatesIn(text);
  if (pem === undefined || !hidesNoCertificate(text)) return 'is not one certificate in PEM';
  if (others.length > 0)
    return `is ${others.length + 1} certificates: give the one whose key signs, which comes first in kubeadm's files`;
  try {
    return Uint8Array.from(new X509Certificate(pem).raw);
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Of a certificate that the lint accepts. */
function keyIn(der: Uint8Array): Pick<GivenCertificate, 'keySpec' | 'publicKey'> {
  const publicKey = readCertificate(der).publicKey.raw;
  const key = judgeAdoptedKey(readDer(publicKey, 'subjectPublicKeyInfo'));
  if ('keySpec' in key) return { keySpec: key.keySpec, publicKey };
  throw new Error(`a key that the lint accepts: ${key.problems.join(', ')}`);
}

/** Certificates signed by one CA would also verify with the other. */
function findSharedKeys(certificates: readonly GivenCertificate[]): CaFinding[] {
  return certificates.flatMap(({ ca, publicKey }, i): CaFinding[] => {
    const other = certificates
      .slice(0, i)
      .find((earlier) => toHex(earlier.publicKey) === toHex(publicKey));
    if (!other) return [];
    return [
      { ca, level: 'refuses', text: `has the same key as ${other.ca}: each CA needs its own` },
    ];
  });
}
