/**
 * Whether a certificate may be written into a CSR's status. The API server checks nothing there, and nothing can be taken
 * back; a kubelet that gets a wrong certificate asks again each second, or presents it to others. So everything is
 * checked here, with what the bucket cannot change: the CSR in the API server, and the CA files.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import type { ApiSigner } from '../../lib/certificates-api/signers.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import type { ExtendedKeyUsage } from '../../lib/profiles/profiles.ts';
import { parseCertificates } from '../node/disk/fingerprints.ts';
import { findProblems } from '../node/trust/check-certificate.ts';
import { isSignedBy } from '../node/trust/path.ts';
import type { ApiCsr } from './csr-facts.ts';

/**
 * A leaf, the CA, and those between it and the root: no chain that the service imports is longer (lib/ca/lint-chain.ts).
 * During a rotation, a cross certificate follows.
 */
const MAX_CERTIFICATES = 7;

/** `sign` and kube-controller-manager set notBefore back by this time; the requested validity begins at the decision. */
const BACKDATED_SECONDS = 5 * 60;

const EXTENDED_KEY_USAGES: Readonly<
  Record<ApiSigner['certificateName'], readonly ExtendedKeyUsage[]>
> = {
  'kubelet-client': ['clientAuth'],
  'kubelet-serving': ['serverAuth'],
  user: ['clientAuth'],
};

export interface IssuedCheck {
  readonly csr: ApiCsr;
  readonly signer: ApiSigner;
  /** PEM certificates that the cluster trusts for certificates of this signer. */
  readonly trustBundle: string;
  readonly now: Date;
}

/** Descriptions of everything that is wrong with a certificate; empty if nothing is. */
export function checkIssued(pem: string, check: IssuedCheck): readonly string[] {
  try {
    return findAll(pem, check);
  } catch (error) {
    return [`it cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function findAll(pem: string, { csr, signer, trustBundle, now }: IssuedCheck): string[] {
  const { request } = readRequest(Buffer.from(csr.spec?.request ?? '', 'base64'));
  if (!request) return ['the CSR in the API server cannot be read'];
  const [leaf, ...intermediates] = certificatesIn(pem);
  if (leaf === undefined) return ['it is not a PEM certificate'];
  if (intermediates.length >= MAX_CERTIFICATES)
    return [`it has more than ${MAX_CERTIFICATES} certificates`];
  const { certificateName: name } = signer;
  const extendedKeyUsages = EXTENDED_KEY_USAGES[name];
  const problems = findProblems(pem, {
    profile: { extendedKeyUsages },
    request,
    key: undefined,
    trustBundle,
    now,
  });
  return [
    ...problems.map(({ text }) => text),
    ...checkIntermediates(parseCertificates(pem), now),
    ...checkLifetime(new X509Certificate(leaf), csr.spec?.expirationSeconds),
  ];
}

/**
 * Each must be a CA that has signed a certificate before it, and nothing else goes along. Those above a CA that the cluster
 * trusts are for clients that know only the root; a cross certificate is for clients that know only the CA before.
 */
function checkIntermediates([leaf, ...others]: readonly X509Certificate[], now: Date): string[] {
  const before = leaf ? [leaf] : [];
  for (const certificate of others) {
    const isValid = new Date(certificate.validFrom) <= now && new Date(certificate.validTo) > now;
    const isIssuer =
      certificate.ca && isValid && before.some((signed) => isSignedBy(signed, certificate));
    if (!isIssuer)
      return ['one of its intermediates is not a valid CA that has signed a certificate before it'];
    before.push(certificate);
  }
  return [];
}

function checkLifetime(leaf: X509Certificate, expirationSeconds: number | undefined): string[] {
  if (expirationSeconds === undefined) return [];
  const seconds = (Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / 1000;
  if (seconds <= expirationSeconds + BACKDATED_SECONDS) return [];
  return [`it is valid for ${seconds}s; requested: ${expirationSeconds}s`];
}
