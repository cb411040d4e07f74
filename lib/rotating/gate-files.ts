/** Which CA certificates the files of a node hold, and whether its components have read them. */
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import type { Holding, NodeEvidence, NodeFacts } from './evidence/evidence.ts';
import type { Question, Reason } from './gate-question.ts';

const RENEW = 'run cakeless renew all on the node, and read what it prints';

/** Without a cross certificate, nothing vouches for the new CA. */
const ACCEPT =
  'run cakeless renew all --accept-ca-change on the node, with the --ca-cert-hash that cakeless trust-domain show prints';

/** A component that does not run proves nothing, and no renewal changes that. */
const HEALTHY =
  'check that this component runs on the node, run cakeless renew all there, and read what it prints; if it never runs there, waive the node';

/** CA file and kubeconfigs hold the new CA. */
export function reasonsOfNewFiles(facts: NodeFacts, question: Question): Reason[] {
  return [
    ...reasonsOfSilence(facts, question),
    ...filesOf(facts).flatMap(({ file, sha256 }) =>
      sha256.includes(question.newSha256)
        ? []
        : {
            why: `${quote(file)} does not hold the new CA`,
            fix: question.hasCross ? RENEW : ACCEPT,
          },
    ),
  ];
}

/** Certificates of the old CA are still in use, so no node may have dropped it yet. */
export function reasonsOfBothFiles(facts: NodeFacts, question: Question): Reason[] {
  const withoutOld = facts.caFiles.filter(({ sha256 }) => !holdsOld(sha256, question));
  return [
    ...reasonsOfNewFiles(facts, question),
    ...withoutOld.map(({ file }) => ({
      why: `${quote(file)} does not hold the old CA, which still signs`,
      fix: RENEW,
    })),
  ];
}

/** CA file and kubeconfigs hold the new CA alone. */
export function reasonsOfOldFiles(facts: NodeFacts, question: Question): Reason[] {
  const withOld = filesOf(facts).filter(({ sha256 }) => holdsOld(sha256, question));
  return [
    ...reasonsOfNewFiles(facts, question),
    ...withOld.map(({ file }) => ({ why: `${quote(file)} still holds the old CA`, fix: RENEW })),
  ];
}

export const holdsOld = (sha256: readonly string[], { oldSha256 }: Question): boolean =>
  sha256.some((one) => oldSha256.has(one));

const filesOf = ({ caFiles, kubeconfigs }: NodeFacts): Holding[] => [...caFiles, ...kubeconfigs];

/**
 * A report that was too large has lost lists, so an empty list proves nothing. A node need not have the file of
 * `kubelet-ca`.
 */
function reasonsOfSilence(
  { caFiles, kubeconfigs }: NodeFacts,
  { transition: { ca } }: Question,
): Reason[] {
  const silent = [
    caFiles.length === 0 && ca !== 'kubelet-ca' && `its CA file for ${ca}`,
    kubeconfigs.length === 0 && ca === 'ca' && 'its kubeconfigs',
  ].filter((what) => what !== false);
  return silent.map((what) => ({ why: `its report says nothing about ${what}`, fix: RENEW }));
}

interface Readers {
  /** Components that read the CA file at their start only. */
  readonly started: readonly string[];
  /** Servers that a probe certificate of the new CA proves. */
  readonly proved: readonly string[];
}

const NOBODY: Readers = { started: [], proved: [] };

/**
 * By CA and role; `etcd` only on nodes that have it. kube-apiserver reloads the file of front-proxy-ca, and no probe
 * certificate is issued by it (docs/ca-rotation.md).
 */
const READERS: Readonly<Record<CaName, Readonly<Record<NodeRole, Readers>>>> = {
  ca: {
    'control-plane': {
      started: ['kubelet', 'kube-controller-manager', 'kube-scheduler'],
      proved: ['kube-apiserver', 'kubelet'],
    },
    worker: { started: ['kubelet'], proved: ['kubelet'] },
  },
  'etcd-ca': {
    'control-plane': { started: ['etcd', 'kube-apiserver'], proved: ['etcd', 'etcd-peer'] },
    worker: NOBODY,
  },
  'front-proxy-ca': { 'control-plane': NOBODY, worker: NOBODY },
  'kubelet-ca': { 'control-plane': NOBODY, worker: NOBODY },
};

function readersOf(
  { role, lines }: NodeEvidence,
  { components, certificates }: NodeFacts,
  { transition: { ca } }: Question,
): Readers {
  const hasEtcd =
    components.includes('etcd') ||
    [...lines, ...certificates].some(({ name }) => name === 'etcd-server');
  const isThere = (component: string) => hasEtcd || !component.startsWith('etcd');
  const { started, proved } = READERS[ca][role];
  return { started: started.filter(isThere), proved: proved.filter(isThere) };
}

/** What reads CA files at its start only has started since they changed. */
export function reasonsOfStarts(
  node: NodeEvidence,
  facts: NodeFacts,
  question: Question,
): Reason[] {
  const started = facts.rotation?.started ?? [];
  return readersOf(node, facts, question).started.flatMap((component) => {
    const entries = started.filter((entry) => entry.component === component);
    if (entries.length === 0)
      return {
        why: `its report does not say whether ${component} has started since its CA files changed`,
        fix: HEALTHY,
      };
    return entries.every(({ isSince }) => isSince)
      ? []
      : {
          why: `${component} has not started since its CA files changed, and reads them only then`,
          fix: `restart ${component} on the node, then run cakeless renew all there`,
        };
  });
}

/** Proofs have the time of the node's clock, which may differ from that of the service. */
const CLOCKS_DIFFER_MS = 5 * 60 * 1000;

/** Servers have accepted a probe certificate of the new CA in this phase. */
export function reasonsOfProofs(
  node: NodeEvidence,
  facts: NodeFacts,
  question: Question,
): Reason[] {
  const since = Date.parse(question.transition.rotation?.since ?? '');
  const proved = (facts.rotation?.proved ?? []).filter(
    ({ at }) => Date.parse(at) >= since - CLOCKS_DIFFER_MS,
  );
  const unproved = readersOf(node, facts, question).proved.filter((component) =>
    proved.every((entry) => entry.component !== component),
  );
  return [
    ...unproved.map((component) => ({
      why: `no probe has proved in this phase that ${component} accepts certificates of the new CA`,
      fix: HEALTHY,
    })),
    ...reasonsOfRefusals(proved, ['refused', 'unreachable']),
  ];
}

type Proof = NonNullable<NodeFacts['rotation']>['proved'][number];

/** After phase `trust` there are no more probe certificates: a server that refused one then still counts as refusing. */
export const reasonsOfRefusals = (
  proved: readonly Proof[],
  results: readonly Proof['result'][] = ['refused'],
): Reason[] =>
  proved.flatMap(({ component, address, result, at }) =>
    results.includes(result)
      ? {
          why:
            result === 'refused'
              ? `${quote(component)} at ${quote(address)} refused a certificate of the new CA at ${at}`
              : `${quote(component)} at ${quote(address)} could not be reached for a probe at ${at}`,
          fix: RENEW,
        }
      : [],
  );

/** What the node itself reports as not done. */
export const reasonsOfLeft = ({ rotation }: NodeFacts): Reason[] =>
  (rotation?.left ?? []).map((left) => ({ why: `the node reports: ${quote(left)}`, fix: RENEW }));
