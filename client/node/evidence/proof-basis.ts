/**
 * What a proof is about: the processes of a server, and the CA certificates in the file of this node. It counts for no others,
 * so also not on another machine, to which the folder was copied.
 */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { parseCertificates, sha256Of } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { findRunning, type Processes } from './find-running.ts';
import type { ProbedComponent } from './probe-targets.ts';
import type { Proof, Proofs } from './proofs.ts';

export type ProofBasis = Pick<Proof, 'processes' | 'caFile'>;

export function basisOf(
  component: ProbedComponent,
  ca: CaName,
  place: Processes,
  now: Date,
): ProofBasis {
  const { processes } = findRunning(component === 'etcd-peer' ? 'etcd' : component, place, now);
  return { processes: [...processes], caFile: readCas(ca, place.folders).map(sha256Of) };
}

/** A process that cannot be seen may be another one. */
export const isOfBasis = (proof: Proof, { processes, caFile }: ProofBasis): boolean =>
  processes.length > 0 &&
  proof.processes.join() === processes.join() &&
  proof.caFile.join() === caFile.join();

/** Without proofs of processes that no longer run, or of another CA file. */
export const stillProved = (proofs: Proofs, ca: CaName, place: Processes, now: Date): Proofs => ({
  ...proofs,
  proved: proofs.proved.filter((one) => isOfBasis(one, basisOf(one.component, ca, place, now))),
});

export function readCas(ca: CaName, folders: NodeFolders) {
  try {
    return parseCertificates(readTextIfThere(caFileOf(ca, folders)) ?? '');
  } catch {
    return []; // whatever needs the file reports that
  }
}
