/** The options of a renewal, and what it depends on. */
import { existsSync } from 'node:fs';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { type DesiredCsr, desiredFromDisk, type KeyOptions } from '../csr/desired.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { type Selection, selectCertificates } from '../disk/select-names.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldLease } from '../restart/lease.ts';
import type { CaChangeOptions } from '../trust/ca-change.ts';

export interface RenewalOptions {
  readonly cluster: string;
  readonly node: string;
  readonly names: readonly string[];
  readonly request: string | undefined;
  readonly newRequest: boolean;
  readonly expiresWithinSeconds: number | undefined;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
  readonly caChange: CaChangeOptions;
  readonly restart: boolean;
  readonly key: KeyOptions;
  /** A folder that generate-csr or `renew --csr-only` filled: its keys and CSRs are used. */
  readonly csrDir: string | undefined;
  readonly also: readonly string[];
}

export interface RenewalDeps extends RestartDeps {
  exchange(): Promise<ObjectStore>;
  /** undefined if another node held it for too long. */
  lease(): Promise<HeldLease | undefined>;
}

/** @throws CommandError if other nodes held it all the time */
export const leaseFor = (deps: RenewalDeps): Promise<HeldLease> =>
  acquireLease(
    () => deps.lease(),
    'run the same command again: its requests are kept; if no other node is restarting components, find out who writes the lease, or use --no-restart and restart the components yourself',
  );

export function selectWanted({ folders, clock }: RestartDeps, options: RenewalOptions): Selection {
  const { names, expiresWithinSeconds } = options;
  const selection = selectCertificates(folders, { names, expiresWithinSeconds, now: clock.now() });
  return options.caChange.accept ? selection : withoutMissingCas(selection, folders);
}

/** Without a CA file the node cannot check a certificate, so none is requested. */
function withoutMissingCas({ present, skipped }: Selection, folders: NodeFolders): Selection {
  const isMissing = ({ name }: CertificateInPlace) =>
    !existsSync(caFileOf(profileOf(name).ca, folders));
  return {
    present: present.filter((place) => !isMissing(place)),
    skipped: [
      ...skipped,
      ...present.filter(isMissing).map(({ name }) => ({
        name,
        reason: `${caFileOf(profileOf(name).ca, folders)} is missing: restore it, or use --accept-ca-change with --ca-cert-hash`,
        isError: true,
      })),
    ],
  };
}

export const desired = (place: CertificateInPlace, { key }: RenewalOptions): DesiredCsr =>
  desiredFromDisk(place, key);
