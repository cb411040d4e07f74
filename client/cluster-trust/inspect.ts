/** Who in this cluster trusts which CA, as the Kubernetes API shows it. Reads only, and only digests leave the cluster. */
import type { ClusterReport } from '../../lib/contract/cluster-report.ts';
import { CLUSTER_REPORT_LIMITS } from '../../lib/contract/cluster-report.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { sha256Of } from '../node/disk/fingerprints.ts';
import type { ApiConfigMap, ApiPod, ApiSecret } from './api-objects.ts';
import { AUTHENTICATION, CA_KEYS } from './authentication.ts';
import { readCaBundles } from './ca-bundles.ts';
import { CaDigests } from './ca-digests.ts';
import { CLUSTER_INFO, caOfClusterInfo } from './cluster-info.ts';
import { type Forbidden, Lists } from './lists.ts';
import { type NodesDeps, readNodes } from './nodes.ts';
import { judgePod, type OldPod } from './old-pods.ts';
import { type RootCas, readRootCas, rootCaObject } from './root-ca.ts';

export interface InspectDeps extends NodesDeps {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  /** Digests of further ones of the trust domain, such as one that the node has dropped. */
  readonly named: readonly string[];
  /** The previous report. */
  readonly before: ClusterReport | undefined;
  readonly onForbidden: Forbidden;
}

/** What a report says about the cluster. Lists may be longer than in a report (`bounded-report.ts`). */
export type Inspection = Omit<ClusterReport, 'cluster' | 'at' | 'by' | 'sequence'>;

type Holder = ClusterReport['holders'][number];

/** @throws KubeError, or KubeUnreachable: a report of half a cluster would be wrong */
export async function inspect(deps: InspectDeps): Promise<Inspection> {
  const lists = new Lists(deps.client, deps.onForbidden);
  const known = new Set([...deps.ours.map(sha256Of), ...deps.named]);
  const digests = new CaDigests((sha256) => known.has(sha256));
  const most = CLUSTER_REPORT_LIMITS.items;
  const { nodes, left } = await readNodes(lists, deps, most);
  const rootCas = await readRootCas(lists, digests, deps.before);
  const secrets = await readTokenSecrets(lists, digests);
  const named = [
    ...(await readClusterInfo(lists, digests)),
    ...(await readAuthentication(lists, digests)),
  ];
  const { bundles, unavailable } = await readCaBundles(lists, digests);
  const pods = await readOldPods(lists, rootCas, new Set(secrets.map(({ object }) => object)));
  return {
    nodes,
    // a report without room for all loses the last ones, so those that anyone with a namespace can create come last
    holders: [...named, ...bundles.map(asHolder), ...holdersOf(rootCas), ...secrets],
    withoutRootCa: [...rootCas.without],
    oldPods: pods.old,
    unavailable: [...unavailable],
    truncated: [
      ...lists.unseen,
      ...(left > 0 ? ['nodes'] : []),
      ...(pods.isComplete ? [] : ['oldPods']),
    ],
  };
}

const asHolder = ({ object, sha256 }: { object: string; sha256: readonly string[] }): Holder => ({
  object,
  sha256: [...sha256],
});

const holdersOf = ({ byNamespace }: RootCas): Holder[] =>
  [...byNamespace].map(([namespace, { sha256, sinceMs }]) => ({
    object: rootCaObject(namespace),
    ca: 'ca',
    sha256: [...sha256],
    since: new Date(sinceMs).toISOString(),
  }));

async function readClusterInfo(lists: Lists, digests: CaDigests): Promise<Holder[]> {
  const { object, path } = CLUSTER_INFO;
  const map = await lists.get<ApiConfigMap>(object, path);
  if (map === undefined) return [];
  return [{ object, ca: 'ca', sha256: digests.of(caOfClusterInfo(map.data?.kubeconfig)) }];
}

async function readAuthentication(lists: Lists, digests: CaDigests): Promise<Holder[]> {
  const { object, path } = AUTHENTICATION;
  const map = await lists.get<ApiConfigMap>(object, path);
  if (map === undefined) return [];
  return CA_KEYS.map(({ key, ca }) => ({ object, ca, sha256: digests.of(map.data?.[key]) }));
}

/** The API server selects them, so that no other Secret is sent. */
async function readTokenSecrets(lists: Lists, digests: CaDigests): Promise<Holder[]> {
  const holders: Holder[] = [];
  const query = { fieldSelector: 'type=kubernetes.io/service-account-token' };
  for await (const { metadata, data } of lists.each<ApiSecret>(
    'secrets',
    '/api/v1/secrets',
    query,
  )) {
    const pem = Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString('latin1');
    const object = secretObject(metadata?.namespace, metadata?.name);
    holders.push({ object, ca: 'ca', sha256: digests.of(pem) });
  }
  return holders;
}

const secretObject = (namespace = '', name = '') => `secret/${namespace}/${name}`;

async function readOldPods(
  lists: Lists,
  { byNamespace }: RootCas,
  secrets: ReadonlySet<string>,
): Promise<{ readonly old: OldPod[]; readonly isComplete: boolean }> {
  const old: OldPod[] = [];
  let isComplete = true;
  for await (const pod of lists.each<ApiPod>('pods', '/api/v1/pods')) {
    const { namespace = '' } = pod.metadata ?? {};
    const judged = judgePod(pod, byNamespace.get(namespace), (name) =>
      secrets.has(secretObject(namespace, name)),
    );
    if (judged === undefined) continue;
    if (old.length < CLUSTER_REPORT_LIMITS.items) old.push(judged);
    else isComplete = false;
  }
  return { old, isComplete };
}
