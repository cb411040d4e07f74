/** The CAs of a trust domain: their document in the authority bucket, and the bundles that nodes install. */
import * as z from 'zod/mini';
import { Fault } from '../fault.ts';
import { isSubdomain } from '../names.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../signing/signing-algorithm.ts';
import { CA_ORIGINS, type CaOrigin } from './ca-origin.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from './prefixes.ts';
import { rotationSchema } from './rotation-state.ts';
import { widenable } from './widenable.ts';

const caVersionSchema = widenable({
  version: z.number().check(z.int(), z.positive()),
  /** @default made */
  origin: z.optional(z.enum(CA_ORIGINS)),
  /** When the document got this version. */
  since: z.optional(z.string()),
  /** Key ARN in KMS. */
  keyId: z.string(),
  keySpec: z.enum(CA_KEY_SPECS),
  /** The CA certificate in PEM. */
  certificate: z.string(),
  /** The certificates above a subordinate CA's, in PEM: each is issued by the next, and the last is the root. */
  chain: z.optional(z.string()),
  /** This version's key certified by the version before, in PEM: everybody who trusts that one can verify its leaves. */
  cross: z.optional(z.string()),
  /** When nodes no longer trusted it: when its rotation ended, or was canceled. */
  endedAt: z.optional(z.string()),
  /** Its key may have been stolen: it never vouches for another version, whatever became of the rotation that said so. */
  compromised: z.optional(z.boolean()),
  /** Renewals with the same key: how often, and the certificates before, in PEM, the oldest first. */
  renewals: z.optional(z.number().check(z.int(), z.nonnegative())),
  renewed: z.optional(z.array(z.string())),
  /** Of a subordinate CA that was renewed: what its key has signed about the certificate, and the signature, in base64. */
  voucher: z.optional(widenable({ proof: z.string(), signature: z.string() })),
});

/** A CA with all its versions; `signing` is the number of the version that signs now. */
const caSchema = widenable({
  signing: z.number(),
  /** The number of the last draft that was abandoned, if it is higher than those of all versions then. */
  abandoned: z.optional(z.number().check(z.int(), z.positive())),
  versions: z.array(caVersionSchema).check(z.minLength(1)),
});

export const trustDomainSchema = widenable({
  trustDomain: z.string(),
  /** Each CA has its own key spec. A trust domain need not have those that are optional. */
  cas: widenable({
    ca: caSchema,
    'etcd-ca': z.optional(caSchema),
    'front-proxy-ca': z.optional(caSchema),
    'kubelet-ca': z.optional(caSchema),
  }),
  /** Of the last change of a rotation; absent before the first. */
  sequence: z.optional(z.number().check(z.int(), z.positive())),
  /** Absent while the trust domain is stable. */
  rotation: z.optional(rotationSchema),
});

export type TrustDomainDocument = z.infer<typeof trustDomainSchema>;
export type CaVersions = z.infer<typeof caSchema>;
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
  'kubelet-ca': 'kubelet-ca.crt',
};

/**
 * Files of the chains of subordinate CAs, beside those of the bundles: the CA certificate, those above it, the root last.
 * A program that takes such a file for its trust anchors accepts every certificate below the root. So it is for
 * `--root-ca-file` of kube-controller-manager, and for clients that verify servers; a server never gets it.
 */
export const CHAIN_PATHS: Record<CaName, string> = {
  ca: 'ca-chain.crt',
  'etcd-ca': 'etcd/ca-chain.crt',
  'front-proxy-ca': 'front-proxy-ca-chain.crt',
  'kubelet-ca': 'kubelet-ca-chain.crt',
};

/** The CAs that a trust domain has, in the order of `CA_NAMES`. */
export function casOf({ cas }: TrustDomainDocument): [CaName, CaVersions][] {
  return CA_NAMES.flatMap((name): [CaName, CaVersions][] => {
    const ca = cas[name];
    return ca ? [[name, ca]] : [];
  });
}

export const originOf = ({ origin = 'made' }: Pick<CaVersion, 'origin'>): CaOrigin => origin;

/** The version of a CA that signs now. @throws Fault document-malformed if it is not one of its versions */
export function signingVersionOf(name: CaName, { signing, versions }: CaVersions): CaVersion {
  const version = versions.find((candidate) => candidate.version === signing);
  if (version) return version;
  throw new Fault('document-malformed', `${name} has no version ${signing}, which is to sign`);
}

export function bundleKey(trustDomain: string, ca: CaName): string {
  return `${EXCHANGE_PREFIXES.trust}${trustDomain}/${BUNDLE_PATHS[ca]}`;
}

/** Exists only for subordinate CAs. */
export function chainKey(trustDomain: string, ca: CaName): string {
  return `${EXCHANGE_PREFIXES.trust}${trustDomain}/${CHAIN_PATHS[ca]}`;
}

/** Whether a key is that of a trust bundle. */
export const isBundleKey = (key: string): boolean => isBelowTrust(key, BUNDLE_PATHS);

/** Whether a key is that of the chain of a CA. */
export const isChainKey = (key: string): boolean => isBelowTrust(key, CHAIN_PATHS);

function isBelowTrust(key: string, paths: Record<CaName, string>): boolean {
  if (!key.startsWith(EXCHANGE_PREFIXES.trust)) return false;
  const [trustDomain = '', ...path] = key.slice(EXCHANGE_PREFIXES.trust.length).split('/');
  return isSubdomain(trustDomain) && Object.values(paths).includes(path.join('/'));
}
