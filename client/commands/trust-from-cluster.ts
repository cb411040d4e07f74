/** `cakeless renew --trust-from-cluster`: wording and exit codes. */
import { printable } from '../../lib/printable.ts';
import { systemClock } from '../clock.ts';
import type { ApiConfigMap } from '../cluster-trust/api-objects.ts';
import { TRUST_CONFIG_MAP, trustIn } from '../cluster-trust/config-map.ts';
import { CommandError } from '../errors.ts';
import type { ExitCode } from '../exit-codes.ts';
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';
import { openKubeClient } from '../kubernetes/open-kube-client.ts';
import { checkCopies } from '../node/install/copies.ts';
import type { ClusterTrust } from '../node/renewal/cluster-rotation.ts';
import { type ClusterTrustReport, trustFromCluster } from '../node/renewal/trust-from-cluster.ts';
import { annotateNode } from '../node/report/annotate-node.ts';
import { requireNode, resolveSettings } from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import { printResult, type Terminal } from '../terminal.ts';
import { kubeletConf, reachAsKubelet } from './api-server.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import type { RenewCommandOptions } from './renew.ts';

export async function renewTrust(
  terminal: Terminal,
  names: readonly string[],
  options: RenewCommandOptions,
): Promise<ExitCode> {
  if (names.length > 0)
    throw new CommandError(
      'usage',
      `--trust-from-cluster changes CA certificates only, and ${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} not one`,
      'omit the names',
    );
  const { folders, stateDir, also } = resolveSettings(options);
  requireNode(folders);
  checkCopies(also);
  const dryRun = options.dryRun === true;
  const report = await trustFromCluster(
    { folders, stateDir, terminal, clock: systemClock, timeoutSeconds: options.restartTimeout },
    { also, dryRun, restart: options.restart, hashes: caHashesOf(options.caCertHash ?? []) },
    {
      readPublished: () => readRootCa(openKubeClient(kubeletConf(folders))),
      readRotation: () => readClusterTrust(openKubeClient(kubeletConf(folders))),
      reach: reachAsKubelet(folders, NEEDED_MS),
    },
  );
  printResult(terminal, options.output, report, () => describe(report));
  if (!dryRun) {
    const client = () =>
      openKubeClient(kubeletConf(folders), { signal: AbortSignal.timeout(NEEDED_MS) });
    const patch = async (path: string, body: unknown) => client().patch(path, body);
    await annotateNode({ folders, stateDir, terminal, now: () => systemClock.now(), patch });
  }
  return exitCodeOfRestarts(report.restarts);
}

/** Longer than for other checks: the API server responded a moment ago, and without a response nothing is changed. */
const NEEDED_MS = 30_000;

/**
 * Every pod of kube-system mounts it, such as kube-proxy, so the Node authorizer lets the kubelet read it. Not
 * kube-public/cluster-info: kubeadm lets only anonymous callers read that.
 */
const ROOT_CA = '/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt';

export async function readRootCa(client: Pick<KubeClient, 'get'>): Promise<string> {
  try {
    const map = await client.get<{ data?: Record<string, string> }>(ROOT_CA);
    const text = map?.data?.['ca.crt'];
    if (text !== undefined) return text;
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 403) throw error;
    throw new CommandError(
      'denied',
      `the kubelet may not read the ConfigMap kube-root-ca.crt of kube-system: ${error.message}`,
      'a node may read it while a pod of kube-system with a service-account token runs on it, such as kube-proxy; otherwise replace the node, or copy ca.crt by hand',
    );
  }
  throw new CommandError('failure', 'the ConfigMap kube-root-ca.crt of kube-system has no ca.crt');
}

/**
 * The forwarder keeps it, if the cluster has applied what `cakeless csrsigning --rbac` prints: otherwise the kubelet may not
 * read it, or it does not exist.
 */
export async function readClusterTrust(
  client: Pick<KubeClient, 'get'>,
): Promise<ClusterTrust | undefined> {
  try {
    const map = await client.get<ApiConfigMap>(TRUST_CONFIG_MAP.path);
    return map && trustIn(map);
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return undefined;
    throw error;
  }
}

const describe = ({ caDifferences, notes, restarts, backup }: ClusterTrustReport): string[] =>
  [
    ...(caDifferences.length === 0
      ? ['the CA certificates are those of the cluster']
      : caDifferences.map((difference) => `CA: ${difference}`)),
    ...notes,
    ...restarts.map(describeRestart),
    ...(backup === undefined
      ? []
      : [`the old files are in ${backup}; cakeless rollback restores them`]),
  ].map(printable);
