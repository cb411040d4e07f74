/** What a renewal is asked to do, and what it does it with. */
import { existsSync } from 'node:fs';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Terminal } from '../../terminal.ts';
import { type DesiredCsr, desiredFromDisk, type KeyOptions } from '../csr/desired.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { type Selection, selectCertificates } from '../disk/select-names.ts';
import type { HeldLease } from '../restart/lease.ts';
import type { RestartWorld } from '../restart/restart.ts';
import type { CaChangeWish } from '../trust/ca-change.ts';

export interface RenewWish {
  readonly cluster: string;
  readonly node: string;
  readonly names: readonly string[];
  readonly request: string | undefined;
  readonly newRequest: boolean;
  readonly expiresWithinSeconds: number | undefined;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
  readonly caChange: CaChangeWish;
  readonly restart: boolean;
  readonly key: KeyOptions;
  /** A folder that generate-csr or `renew --csr-only` filled: its keys and CSRs are used. */
  readonly csrDir: string | undefined;
  readonly also: readonly string[];
}

export interface RenewWorld extends RestartWorld {
  readonly terminal: Terminal;
  exchange(): Promise<ObjectStore>;
  /** undefined where another node held it for too long. */
  lease(): Promise<HeldLease | undefined>;
}

export function selectWanted({ folders, clock }: RestartWorld, wish: RenewWish): Selection {
  const { names, expiresWithinSeconds } = wish;
  const selection = selectCertificates(folders, { names, expiresWithinSeconds, now: clock.now() });
  return wish.caChange.accept ? selection : withoutMissingCas(selection, folders);
}

/** Nothing on the node would say whether what comes is right: it is not asked for. */
function withoutMissingCas({ present, leftOut }: Selection, folders: NodeFolders): Selection {
  const isMissing = ({ name }: CertificateInPlace) =>
    !existsSync(caFileOf(profileOf(name).ca, folders));
  return {
    present: present.filter((place) => !isMissing(place)),
    leftOut: [
      ...leftOut,
      ...present.filter(isMissing).map(({ name }) => ({
        name,
        reason: `${caFileOf(profileOf(name).ca, folders)} is missing: put it back, or take it over with --accept-ca-change and --ca-cert-hash`,
        isError: true,
      })),
    ],
  };
}

export const desired = (place: CertificateInPlace, { key }: RenewWish): DesiredCsr =>
  desiredFromDisk(place, key);
