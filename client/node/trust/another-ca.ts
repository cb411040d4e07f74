/**
 * Whether what is given as `kubelet-ca` is a different CA of the node. No certificate of the node chains to it, so that
 * nothing else would show the mistake, and a hash on the command line may be that of the wrong CA (decision 0048).
 */
import { X509Certificate } from 'node:crypto';
import { CA_COMMON_NAMES } from '../../../lib/ca/common-names.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { hashOf } from './ca-cert-hash.ts';

/** CA certificates in PEM, by CA. */
export type CaTexts = ReadonlyMap<CaName, string>;

/** Two CAs that have the same public key. */
export interface SharedKey {
  readonly cas: readonly [CaName, CaName];
  /** SHA-256 of the key, in hex. */
  readonly hash: string;
}

/** @throws Error if a certificate cannot be parsed */
export function findSharedKeys(texts: CaTexts): SharedKey[] {
  const keys = [...texts].map(([ca, text]) => [ca, keysIn(text)] as const);
  return keys.flatMap(([one, ofOne], i) =>
    keys
      .slice(i + 1)
      .flatMap(([other, ofOther]) =>
        ofOne
          .filter((hash) => ofOther.includes(hash))
          .map((hash): SharedKey => ({ cas: [one, other], hash })),
      ),
  );
}

const keysIn = (text: string) => [...new Set(certificatesIn(text).map((pem) => hashOf(pem)))];

export const describeSharedKey = ({ cas, hash }: SharedKey): string =>
  `${cas.join(' and ')} have the same key (sha256:${hash})`;

/** Why a text cannot be that of `kubelet-ca`, given the other CAs of the node; undefined if nothing is known. */
export function whyNotKubeletCa(text: string, others: CaTexts): string | undefined {
  const named = certificatesIn(text)
    .map(caOfSubject)
    .find((ca) => ca !== undefined && ca !== 'kubelet-ca');
  if (named !== undefined) return `has the name of ${named}`;
  const [shared] = findSharedKeys(new Map([['kubelet-ca', text], ...others])).filter(({ cas }) =>
    cas.includes('kubelet-ca'),
  );
  return shared && `has the key of ${shared.cas.find((ca) => ca !== 'kubelet-ca')}`;
}

/** The CA files of a node, without those that cannot be read: they prove nothing, and are reported elsewhere. */
export function caFilesOf(folders: NodeFolders): CaTexts {
  const texts = CA_NAMES.map((ca) => [ca, readableText(caFileOf(ca, folders))] as const);
  return new Map(texts.flatMap(([ca, text]) => (text === undefined ? [] : [[ca, text]])));
}

function readableText(file: string): string | undefined {
  try {
    const text = readTextIfThere(file);
    parseCertificates(text ?? '');
    return text;
  } catch {
    return undefined;
  }
}

/** The CA whose subject a certificate has. */
export function caOfSubject(certificate: string | X509Certificate): CaName | undefined {
  const { subject } =
    typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  const [, commonName] = /^CN=(.*)$/m.exec(subject) ?? [];
  return CA_NAMES.find((name) => CA_COMMON_NAMES[name] === commonName);
}
