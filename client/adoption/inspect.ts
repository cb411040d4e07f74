/**
 * What an adoption would take from a control plane, and whether the service could use it. Everything is read from the
 * files of the node: the service makes the same checks of the certificates again.
 */

import type { X509Certificate } from 'node:crypto';
import { judgeAdoptedKey } from '../../lib/ca/adopted-key.ts';
import { lintAdopted } from '../../lib/ca/lint-adopted.ts';
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { isoDate } from '../../lib/certificate/iso-date.ts';
import { readDer } from '../../lib/der/read.ts';
import type { CaKeySpec } from '../../lib/signing/signing-algorithm.ts';
import { findKeyCopies, type KeyCopies } from '../node/disk/key-copies.ts';
import type { NodeFolders } from '../node/disk/places.ts';
import { type SigningFlags, signingFlags } from '../node/restart/signing-flags.ts';
import { formatCaCertHash, hashOf } from '../node/trust/ca-cert-hash.ts';
import { type EtcdPlace, etcdPlaceOf, type KeyState, keyStateOf, type PkiCa } from './read-pki.ts';

export interface CertificateFacts {
  /** On one line. */
  readonly subject: string;
  /** undefined if KMS, or the service, has no such key. */
  readonly keySpec: CaKeySpec | undefined;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Of the certificate, as `trust-domain show` prints it. */
  readonly sha256: string;
  /** Of the public key, in the form of the option. */
  readonly caCertHash: string;
}

export interface InspectedCa {
  readonly ca: AdoptableCa;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly key: KeyState;
  readonly certificate: CertificateFacts | undefined;
  /** What is unusual about the certificate, and accepted. */
  readonly accepts: readonly string[];
  /** Why the certificate cannot be adopted. */
  readonly refuses: readonly string[];
}

export interface Inspection {
  /** Whether all of it can be adopted from this node. */
  readonly adoptable: boolean;
  readonly etcd: EtcdPlace;
  readonly cas: readonly InspectedCa[];
  /** What is wrong with more than one CA. */
  readonly sharedKeys: readonly string[];
  readonly keyCopies: KeyCopies;
  /** undefined if the node has no manifest of kube-controller-manager. */
  readonly controllerManager: SigningFlags | undefined;
}

/** @param cas as `readPki` returns them */
export function inspectPki(folders: NodeFolders, cas: readonly PkiCa[], now: Date): Inspection {
  const inspected = cas.map((one) => inspectCa(one, now));
  const shared = findSharedKeys(cas);
  return {
    adoptable: shared.length === 0 && inspected.every((one) => objectionsTo(one).length === 0),
    etcd: etcdPlaceOf(folders),
    cas: inspected,
    sharedKeys: shared,
    keyCopies: findKeyCopies(folders),
    controllerManager: signingFlags(folders),
  };
}

export function inspectCa(pki: PkiCa, now: Date): InspectedCa {
  const { ca, certificateFile, keyFile, certificate: file } = pki;
  const named = { ca, certificateFile, keyFile, key: keyStateOf(pki) };
  if (file.state !== 'found')
    return {
      ...named,
      certificate: undefined,
      accepts: [],
      refuses: file.state === 'missing' ? ['does not exist'] : file.why,
    };
  const { certificate } = file;
  const findings = lintAdopted(ca, certificate.raw, now);
  const of = (level: string) =>
    findings.filter((finding) => finding.level === level).map(({ text }) => text);
  return {
    ...named,
    certificate: factsOf(ca, certificate),
    accepts: of('accepts'),
    refuses: of('refuses'),
  };
}

function factsOf(ca: AdoptableCa, certificate: X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject.replaceAll('\n', ', '),
    keySpec: keySpecOf(certificate),
    notBefore: isoDate(certificate.validFrom),
    notAfter: isoDate(certificate.validTo),
    sha256: certificate.fingerprint256,
    caCertHash: formatCaCertHash(ca, certificate),
  };
}

export function keySpecOf({ publicKey }: X509Certificate): CaKeySpec | undefined {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const judged = judgeAdoptedKey(readDer(spki, 'publicKey'));
  return 'keySpec' in judged ? judged.keySpec : undefined;
}

/** Why a CA cannot be adopted from this node, one line each. */
export function objectionsTo(ca: InspectedCa): string[] {
  const { certificateFile, keyFile, key, refuses } = ca;
  return [
    ...refuses.map((text) => `${certificateFile}: ${text}`),
    ...(key === 'matches' || key === 'not-compared' ? [] : [`${keyFile}: ${KEY_PROBLEMS[key]}`]),
  ];
}

const KEY_PROBLEMS: Readonly<Record<Exclude<KeyState, 'matches' | 'not-compared'>, string>> = {
  differs: 'is not the private key of the certificate next to it',
  missing:
    'does not exist; run the command on a control plane that has it, or name only the other CAs with --ca',
  encrypted:
    'is encrypted, and components of Kubernetes cannot read it either; use the key that they read',
  unreadable: 'has no private key in PEM that can be read: PKCS#1, SEC1 or PKCS#8',
};

/** A certificate of one CA would also be one of the other: the service refuses a key that another CA has. */
export function findSharedKeys(cas: readonly PkiCa[]): string[] {
  const hashes = cas.flatMap(({ ca, certificate: file }) =>
    file.state === 'found' ? [{ ca, hash: hashOf(file.certificate) }] : [],
  );
  return hashes.flatMap(({ ca, hash }, i) => {
    const earlier = hashes.slice(0, i).find((other) => other.hash === hash);
    return earlier
      ? [
          `${earlier.ca} and ${ca} have the same key: adopt one of them with --ca, and create the other with cakeless trust-domain create NAME --ca`,
        ]
      : [];
  });
}
