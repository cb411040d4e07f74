/** What to do with a CSR, from what the API server says about it. It decides nothing about the certificate. */
import { type CsrFacts, isForKubelet, isOver } from './csr-facts.ts';

/** Whose prefix in the exchange bucket: this control-plane node's, or the one that all forwarders share. */
export type Below = 'own' | 'csr';

/** What has to be known about the Node of a kubelet's CSR before it is forwarded. */
export type NodeQuestion =
  /** Nothing. */
  | 'none'
  /** Whether it exists: then its CSRs come before those with names that nobody knows. */
  | 'exists'
  /** Also whether it is a control plane, which only its own forwarder can speak for. */
  | 'role'
  /** Also whether it has addresses. A kubelet's serving certificate is about them. */
  | 'addresses';

export type Decision =
  | {
      readonly action: 'leave';
      readonly because: 'issued' | 'denied' | 'failed' | 'not-approved' | 'superseded';
    }
  | { readonly action: 'forward'; readonly below: Below; readonly ask: NodeQuestion };

const leave = (because: (Decision & { action: 'leave' })['because']): Decision => ({
  action: 'leave',
  because,
});

/**
 * @param isNewest whether no newer CSR of the same signer, common name and requester exists
 * @param ownNode the control-plane node that the forwarder runs on, with its credentials
 */
export function decide(facts: CsrFacts, isNewest: boolean, ownNode: string | undefined): Decision {
  const { signer, state, nodeName, isByNode } = facts;
  if (isOver(state)) return leave(state);
  if (signer.when === 'approved' && state !== 'approved') return leave('not-approved');
  // the key of a kubelet's older CSR no longer exists; a person may have several
  if (!isNewest && isForKubelet(signer)) return leave('superseded');
  // Only what the node asks for itself: a bootstrap token may ask in the name of any node, and Kubernetes approves it.
  const below: Below = isByNode && nodeName === ownNode ? 'own' : 'csr';
  return { action: 'forward', below, ask: questionAbout(facts, below) };
}

function questionAbout({ signer, nodeName, isByNode }: CsrFacts, below: Below): NodeQuestion {
  if (nodeName === undefined) return 'none';
  // what is not requested by the node itself is rejected or not, whatever its Node says
  if (!isByNode) return 'exists';
  if (signer.certificateName === 'kubelet-serving') return 'addresses';
  return below === 'own' ? 'none' : 'role';
}

/** A Node as far as the forwarder reads it. A node writes its own: this is a hint, never a permission. */
export interface ApiNode {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
  };
}

export type NodeAnswer =
  | 'forward'
  /** It does not exist, or has no addresses yet. */
  | 'wait'
  /** It is a control plane: the forwarder there uploads with that node's credentials. */
  | 'leave-to-its-forwarder';

export function decideByNode(
  { below, ask }: { readonly below: Below; readonly ask: NodeQuestion },
  node: ApiNode | undefined,
): NodeAnswer {
  if (ask === 'none' || ask === 'exists') return 'forward';
  if (below === 'csr' && isControlPlane(node)) return 'leave-to-its-forwarder';
  if (ask === 'addresses' && (node?.status?.addresses ?? []).length === 0) return 'wait';
  return 'forward';
}

/** kubeadm sets the first since 1.20, and set the second up to 1.23. A node cannot set them on itself. */
const CONTROL_PLANE_LABELS = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
];

const isControlPlane = (node: ApiNode | undefined): boolean =>
  CONTROL_PLANE_LABELS.some((label) => node?.metadata?.labels?.[label] !== undefined);
