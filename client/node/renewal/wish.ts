/** What a renewal is asked to do, and what it does it with. */
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import type { Terminal } from '../../terminal.ts';
import { type DesiredCsr, desiredFromDisk, type KeyWish } from '../csr/desired.ts';
import type { HeldLease } from '../lease.ts';
import type { CertificateInPlace } from '../read-place.ts';
import type { RestartWorld } from '../restart/restart.ts';
import { type Selection, selectCertificates } from '../select-names.ts';

export interface RenewWish {
  readonly cluster: string;
  readonly node: string;
  readonly names: readonly string[];
  readonly request: string | undefined;
  readonly newRequest: boolean;
  readonly expiresWithinSeconds: number | undefined;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
  readonly acceptCaChange: boolean;
  readonly restart: boolean;
  readonly key: KeyWish;
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
  return selectCertificates(folders, { names, expiresWithinSeconds, now: clock.now() });
}

export const desired = (place: CertificateInPlace, { key }: RenewWish): DesiredCsr =>
  desiredFromDisk(place, key);
