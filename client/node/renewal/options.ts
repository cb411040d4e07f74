/** The options of a renewal, and what it depends on. */
import type { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { readTextIfThere } from '../../read-text.ts';
import {
  type DesiredCsr,
  desiredFromDisk,
  type KeyOptions,
  leaveOutUnusable,
} from '../csr/desired.ts';
import { findStaged } from '../csr/staging.ts';
import type { ExpiresWithin } from '../disk/expires-within.ts';
import { KubeconfigError } from '../disk/kubeconfig.ts';
import { caFileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { type CertificateInPlace, readPlace } from '../disk/read-place.ts';
import { type Selection, selectCertificates } from '../disk/select-names.ts';
import type { Followed } from '../evidence/gather-evidence.ts';
import { changeKubeconfig } from '../install/kubeconfig-change.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldLease } from '../restart/lease.ts';
import { dueBy } from '../rotation/due.ts';
import type { FollowedRotation } from '../rotation/follow.ts';
import type { RotationSource } from '../rotation/read-rotation.ts';
import { accepts, type CaChangeOptions } from '../trust/accepted-change.ts';
import type { ReachApiServer } from '../trust/api-server.ts';
import { leadsTo, presentedBy } from '../trust/signer.ts';

export interface RenewalOptions {
  readonly cluster: string;
  readonly node: string;
  readonly names: readonly string[];
  readonly request: string | undefined;
  readonly newRequest: boolean;
  readonly expiresWithin: ExpiresWithin | undefined;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
  readonly caChange: CaChangeOptions;
  /** Of this node, if a person named it; otherwise a certificate names it. */
  readonly trustDomain?: string | undefined;
  readonly restart: boolean;
  readonly key: KeyOptions;
  /** Subject and names from kubeadm's configuration, instead of the current certificates. */
  readonly config: KubeadmConfig | undefined;
  /** A folder that generate-csr or `renew --csr-only` filled: its keys and CSRs are used. */
  readonly csrDir: string | undefined;
  readonly also: readonly string[];
  /** What the trust domain publishes about its rotations, if this node follows it. */
  readonly rotation?: FollowedRotation | undefined;
}

/** The steps of a renewal in their order, for measurements (bench/upload-to-certificate.ts). */
export type RenewalStep =
  | 'read'
  | 'keys'
  | 'upload'
  | 'wait'
  | 'fetch'
  | 'check'
  | 'install'
  | 'report';

export interface RenewalDeps extends RestartDeps {
  /** Called when a step begins. */
  onStep?(step: RenewalStep): void;
  /** Called with the rotation that the run follows, and again when it knows what is left to do. */
  onFollowed?(followed: Followed): void;
  exchange(): Promise<ObjectStore>;
  /** undefined if another node held it for too long. */
  lease(): Promise<HeldLease | undefined>;
  /** The API server that the kubelet of this node uses; absent if it is not checked. */
  readonly reach?: ReachApiServer;
  /** Absent if no rotation is followed. */
  readonly rotation?: RotationSource;
  /** What the components of this node serve now; absent if it is not looked at. */
  readonly served?: () => Promise<readonly ServedLeaf[]>;
}

export interface ServedLeaf {
  readonly component: string;
  readonly leaf: X509Certificate;
}

/** @throws CommandError if other nodes held it all the time */
export const leaseFor = (deps: RenewalDeps): Promise<HeldLease> =>
  acquireLease(
    () => deps.lease(),
    'run the same command again: its requests are kept; if no other node is restarting components, find out who writes the lease, or use --no-restart and restart the components yourself',
  );

export function selectWanted({ folders, clock }: RestartDeps, options: RenewalOptions): Selection {
  const { names, expiresWithin } = options;
  const changesCas = accepts(options.caChange, 'ca');
  const includesKubelets = changesCas || isCutOff(folders);
  const now = clock.now();
  const isDue = dueBy(options.rotation, folders, now);
  const rule = { names, expiresWithin, isDue, includesKubelets, now };
  const all = selectCertificates(folders, rule);
  const selection = leaveOutUnusable(all, (place) => requireUsable(place, options));
  return changesCas ? selection : withoutMissingCas(selection, folders);
}

/**
 * Whether the kubelet cannot rotate its certificate, because ca.crt does not contain its CA. A run that may replace
 * ca.crt includes the kubelet for the same reason.
 */
function isCutOff(folders: NodeFolders): boolean {
  const place = readPlace(placeOf('kubelet.conf', folders));
  const ca = readCaFile('ca', folders);
  return place.state === 'present' && ca !== undefined && !leadsTo(presentedBy(place), ca);
}

/** Without a CA file the node cannot check a certificate, so none is requested. */
function withoutMissingCas({ present, skipped }: Selection, folders: NodeFolders): Selection {
  const isMissing = ({ name }: CertificateInPlace) =>
    readCaFile(profileOf(name).ca, folders) === undefined;
  return {
    present: present.filter((place) => !isMissing(place)),
    skipped: [
      ...skipped,
      ...present.filter(isMissing).map(({ name }) => ({
        name,
        reason: `${describeMissing(caFileOf(profileOf(name).ca, folders))}: restore it, or use --accept-ca-change with --ca-cert-hash`,
        isError: true,
      })),
    ],
  };
}

const describeMissing = (file: string) =>
  `${file} ${existsSync(file) ? 'cannot be read' : 'is missing'}`;

/** undefined if it does not exist, or cannot be read, such as a folder in its place. */
function readCaFile(ca: CaName, folders: NodeFolders): string | undefined {
  try {
    return readTextIfThere(caFileOf(ca, folders));
  } catch {
    return undefined;
  }
}

export const desired = (
  place: CertificateInPlace,
  { key, node, config }: RenewalOptions,
): DesiredCsr => desiredFromDisk(place, { ...key, node, config });

/**
 * Whether a certificate can be requested, and installed once it is issued: found out before anything is uploaded.
 * @throws CommandError with the reason
 */
export function requireUsable(place: CertificateInPlace, options: RenewalOptions): void {
  const { csrDir } = options;
  if (csrDir === undefined || !findStaged(csrDir, place.name)) desired(place, options);
  rehearse(place);
}

/** @throws CommandError if a kubeconfig could not be used with a new certificate, or its data cannot be replaced */
function rehearse({ place, kubeconfig }: CertificateInPlace): void {
  if (place.kind === 'kubeconfig' && kubeconfig?.missingCluster !== undefined)
    throw new CommandError(
      'usage',
      `${place.file}: its current context names the cluster ${kubeconfig.missingCluster}, which it does not contain`,
      'correct the name of the cluster, or add it',
    );
  if (place.kind !== 'kubeconfig' || !kubeconfig?.certificate || !('pem' in kubeconfig.certificate))
    return;
  try {
    // anything but the current data
    const pair = { chainPem: 'certificate', keyPem: 'key' };
    changeKubeconfig(place.file, kubeconfig, pair, undefined);
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new CommandError('usage', error.message);
  }
}
