/** Proves that the servers of this node accept the new CA. Servers whose last proof still counts are not probed again. */
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { sha256Of } from '../disk/fingerprints.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { kindOfKey } from '../disk/private-key.ts';
import { readPlace } from '../disk/read-place.ts';
import type { NodePlace } from '../exchange/outcomes.ts';
import type { Processes } from './find-running.ts';
import { obtainProbe, type ProbeCa, type ProbeDeps } from './obtain-probe.ts';
import { probeServers } from './probe-servers.ts';
import { type ProbeTarget, probeTargets } from './probe-targets.ts';
import { basisOf, isOfBasis, readCas } from './proof-basis.ts';
import { type Proof, type Proofs, recallProofs } from './proofs.ts';

/** A server of this node responds within milliseconds. */
const PROBE_TIMEOUT_MS = 5000;

export interface ProveDeps extends ProbeDeps, Processes {
  readonly stateDir: string;
  /** @default that of the kubelet */
  readonly kubeletPort?: number;
  /** Of each request to a server. */
  readonly probeTimeoutMs?: number;
}

/** Empty outside phase `trust`, or if the CA file of this node does not have the new CA yet. */
export async function prove(
  deps: ProveDeps,
  place: NodePlace,
  { sequence, rotation }: PublishedRotation,
): Promise<Proofs> {
  const nothing: Proofs = { sequence, proved: [], left: [] };
  if (rotation?.phase !== 'trust' || !isProbed(rotation.ca)) return nothing;
  const { ca, to } = rotation;
  const issuer = readCas(ca, deps.folders).find((one) => sha256Of(one) === to.sha256);
  const targets = probeTargets(ca, deps.folders, deps.kubeletPort);
  if (!issuer || targets.length === 0) return nothing;
  const known = recallProofs(deps.stateDir, sequence).proved;
  const proofs = targets.map((target) => {
    const basis = basisOf(target.component, ca, deps, deps.clock.now());
    const last = known.find(
      (one) => one.result === 'accepted' && isOf(one, target) && isOfBasis(one, basis),
    );
    return { target, basis, last };
  });
  const open = proofs.filter(({ last }) => last === undefined).map(({ target }) => target);
  const kept = proofs.flatMap(({ last }) => last ?? []);
  if (open.length === 0) return { ...nothing, proved: kept };
  const probe = await obtainProbe(deps, place, { ca, issuer, keyKind: keyKindOn(deps.folders) });
  if ('problem' in probe) return { ...nothing, proved: kept, left: [probe.problem] };
  const timeoutMs = deps.probeTimeoutMs ?? PROBE_TIMEOUT_MS;
  const now = () => deps.clock.now();
  const probed = await probeServers(open, probe.pair, { now, timeoutMs });
  const proved = proofs.flatMap(({ target, basis, last }): Proof[] => {
    const fresh = probed.find((one) => isOf(one, target));
    if (last || !fresh) return last ? [last] : [];
    const { component, address, result, at } = fresh;
    return [{ component, address, result, at, ...basis }];
  });
  return { sequence, proved, left: probed.flatMap(({ why }) => why ?? []) };
}

/** Of the kubelet's key, which the cluster record allows. */
export function keyKindOn(folders: NodeFolders): KeyKind {
  const place = readPlace(placeOf('kubelet.conf', folders));
  const kind = place.state === 'present' ? kindOfKey(place.leaf.publicKey) : undefined;
  return kind ?? 'ECDSA-P256';
}

const isProbed = (ca: CaName): ca is ProbeCa => ca === 'ca' || ca === 'etcd-ca';

const isOf = (
  one: Pick<Proof, 'component' | 'address'>,
  { component, address }: Pick<ProbeTarget, 'component' | 'address'>,
) => one.component === component && one.address === address;
