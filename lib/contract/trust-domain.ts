/** The CAs of a trust domain: their document in the authority bucket, and the bundles that nodes install. */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../signing/signing-algorithm.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

const caVersionSchema = widenable({
  version: z.number().check(z.int(), z.positive()),
  /** Key ARN in KMS. */
  keyId: z.string(),
  keySpec: z.enum(CA_KEY_SPECS),
  /** The CA certificate in PEM. */
  certificate: z.string(),
});

/** A CA with all its versions; `signing` is the number of the version that signs now. */
const caSchema = widenable({
  signing: z.number(),
  versions: z.array(caVersionSchema).check(z.minLength(1)),
});

export const trustDomainSchema = widenable({
  trustDomain: z.string(),
  cas: widenable({ ca: caSchema, 'etcd-ca': caSchema, 'front-proxy-ca': caSchema }),
});

export type TrustDomainDocument = z.infer<typeof trustDomainSchema>;
export type CaVersion = z.infer<typeof caVersionSchema>;

export function trustDomainKey(trustDomain: string): string {
  return `${AUTHORITY_PREFIXES.trust}${trustDomain}.json`;
}

/** The trust domain whose document has this key; undefined for any other key. */
export function trustDomainOfKey(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.trust)) return undefined;
  const trustDomain = /^([^/]+)\.json$/.exec(key.slice(AUTHORITY_PREFIXES.trust.length))?.[1];
  return trustDomain !== undefined && isSubdomain(trustDomain) ? trustDomain : undefined;
}

/** Files of the bundles, below the trust domain and below kubeadm's pki folder alike. */
export const BUNDLE_PATHS: Record<CaName, string> = {
  ca: 'ca.crt',
  'etcd-ca': 'etcd/ca.crt',
  'front-proxy-ca': 'front-proxy-ca.crt',
};

export function bundleKey(trustDomain: string, ca: CaName): string {
  return `${EXCHANGE_PREFIXES.trust}${trustDomain}/${BUNDLE_PATHS[ca]}`;
}

/** Whether a key is that of a trust bundle. */
export function isBundleKey(key: string): boolean {
  if (!key.startsWith(EXCHANGE_PREFIXES.trust)) return false;
  const [trustDomain = '', ...path] = key.slice(EXCHANGE_PREFIXES.trust.length).split('/');
  return isSubdomain(trustDomain) && Object.values(BUNDLE_PATHS).includes(path.join('/'));
}
