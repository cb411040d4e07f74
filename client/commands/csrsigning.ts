/** `cakeless csrsigning`: forwards CSRs of the certificates API until it is stopped; or says what it needs for that. */
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CSR } from '../../lib/contract/request-kinds.ts';
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { systemClock } from '../clock.ts';
import type { ClusterTrustSources } from '../cluster-trust/keeper.ts';
import { lookAtKubelet, probeKubelet } from '../cluster-trust/kubelet-port.ts';
import { readOurCas } from '../cluster-trust/our-cas.ts';
import { requestProbe } from '../cluster-trust/request-probe.ts';
import type { Connection } from '../connection.ts';
import { type Log, newLog } from '../csrsigning/log.ts';
import { manifestYaml } from '../csrsigning/manifest.ts';
import { refuseOtherSigner } from '../csrsigning/other-signer.ts';
import { type Check, checkCsrSigning } from '../csrsigning/preflight.ts';
import { rbacYaml } from '../csrsigning/rbac.ts';
import { runForwarder } from '../csrsigning/run-forwarder.ts';
import { keepHeapSmall } from '../csrsigning/small-heap.ts';
import type { TrustSource } from '../csrsigning/steps.ts';
import { trustIn } from '../csrsigning/trust.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { KubeSource } from '../kubernetes/kube-client.ts';
import { openKubeClient } from '../kubernetes/open-kube-client.ts';
import { systemTimers } from '../kubernetes/timers.ts';
import { findTrustDomain } from '../node/renewal/published-bundles.ts';
import { readManifest } from '../node/restart/manifest.ts';
import { type NodeOptions, type NodeSettings, resolveSettings } from '../node/state/settings.ts';
import { printResult, printText, type Terminal } from '../terminal.ts';

export interface CsrSigningOptions extends NodeOptions {
  kubeconfig?: string;
  inCluster?: true;
  healthAddress: { host: string; port: number };
  check?: true;
  rbac?: true;
  /** The image. */
  manifest?: string;
  output: 'text' | 'json';
}

/** The token and the CA of a pod are here. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Starts, checks, or prints what the cluster needs. */
export async function csrSigning(
  connection: Connection,
  terminal: Terminal,
  options: CsrSigningOptions,
): Promise<ExitCode> {
  const text = options.rbac ? rbacYaml() : manifestOf(options);
  if (text !== undefined) {
    if (options.output === 'json')
      throw new CommandError(
        'usage',
        `${options.rbac ? '--rbac' : '--manifest'} prints YAML`,
        'leave out -o json; kubectl apply takes YAML',
      );
    printText(terminal.print, text);
    return EXIT.done;
  }
  if (options.check) return check(connection, terminal, options);
  await runCsrSigning(connection, terminal, options);
  return EXIT.done;
}

const manifestOf = ({ manifest: image }: CsrSigningOptions) =>
  image === undefined ? undefined : manifestYaml({ image });

async function check(
  connection: Connection,
  terminal: Terminal,
  options: CsrSigningOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  const checks = await checkCsrSigning({
    cluster: clusterOf(settings),
    folders: { ...settings.folders, certDir: caFolderOf(options, settings) },
    client: () =>
      openKubeClient(sourceOf(options, settings), { signal: AbortSignal.timeout(CHECK_MS) }),
    exchange: () => connection.exchange(settings.config),
  });
  printResult(terminal, options.output, { checks }, () => describeChecks(checks));
  return checks.some(({ state }) => state === 'wrong') ? EXIT.checkFailed : EXIT.done;
}

/** For all calls to the API server, one for each permission: they take a second. */
const CHECK_MS = 30_000;

const describeChecks = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ name, state, what, fix }) => [
    `${state.padEnd(6)} ${name}: ${what}`,
    ...(fix === undefined ? [] : [`       to fix: ${fix}`]),
  ]);

function clusterOf({ cluster }: NodeSettings): string {
  if (cluster !== undefined) return cluster;
  throw new CommandError(
    'usage',
    '--cluster is missing',
    'give --cluster, or set cluster in /etc/kubernetes/cakeless.yaml',
  );
}

async function runCsrSigning(
  connection: Connection,
  terminal: Terminal,
  options: CsrSigningOptions,
): Promise<void> {
  const settings = resolveSettings(options);
  const { config } = settings;
  const cluster = clusterOf(settings);
  const beside = refuseOtherSigner(settings.folders);
  if (beside !== undefined) terminal.progress(`warning: ${beside}`);
  const trust = trustIn(caFolderOf(options, settings));
  requireCa(trust);
  keepHeapSmall();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const { signal } = stop;
  const ownNode = ownNodeOf(settings, options);
  const client = openKubeClient(sourceOf(options, settings), { signal });
  const exchange = await connection.exchange(config);
  const log = newLog(terminal, options.output, () => new Date());
  await runForwarder({
    cluster,
    ownNode,
    replica: ownNode ?? hostname(),
    client,
    exchange,
    trust,
    clusterTrust: clusterTrustOf(exchange, { cluster, ownNode, settings, options, log, signal }),
    log,
    clock: systemClock,
    healthAddress: options.healthAddress,
    signal,
  });
}

interface Forwarding {
  readonly cluster: string;
  readonly ownNode: string | undefined;
  readonly settings: NodeSettings;
  readonly options: CsrSigningOptions;
  readonly log: Log;
  readonly signal: AbortSignal;
}

function clusterTrustOf(
  exchange: ObjectStore,
  { cluster, ownNode, settings, options, log, signal }: Forwarding,
): ClusterTrustSources {
  const { stateDir } = settings;
  const folders = { ...settings.folders, certDir: caFolderOf(options, settings) };
  // a cluster does not change its trust domain
  let trustDomain: string | undefined;
  return {
    exchange,
    trustDomain: async () => {
      trustDomain ??= await findTrustDomain(exchange, { cluster, node: ownNode ?? CSR, stateDir });
      return trustDomain;
    },
    ourCas: () => readOurCas(folders),
    kubelets: { look: lookAtKubelet, probe: probeKubelet },
    ...(ownNode !== undefined && {
      obtainProbe: requestProbe(
        { cluster, node: ownNode },
        {
          ...{ exchange, clock: systemClock, timers: systemTimers, signal },
          folders: settings.folders,
          say: (line) => log('info', line),
        },
      ),
    }),
  };
}

/** Without it, every certificate would be issued, and none could be checked and written. */
function requireCa(trust: TrustSource): void {
  const found = trust('kubelet-client');
  if (!('problem' in found)) return;
  throw new CommandError(
    'usage',
    found.problem,
    'check --cert-dir; cakeless prepare creates ca.crt on a new node',
  );
}

/** @throws CommandError if the forwarder's own kubeconfig does not exist */
function sourceOf(
  { inCluster, kubeconfig }: CsrSigningOptions,
  { folders }: NodeSettings,
): KubeSource {
  if (inCluster === true) return { inCluster };
  if (kubeconfig !== undefined) return { kubeconfig };
  const own = join(folders.kubeconfigDir, CSRSIGNING_CONF);
  if (statSync(own, { throwIfNoEntry: false }) === undefined)
    throw new CommandError(
      'usage',
      `${own}: no such file or directory`,
      'obtain it with cakeless install-csrsigning, or on a new node with cakeless prepare --csrsigning; or give --kubeconfig',
    );
  return { kubeconfig: own };
}

const caFolderOf = ({ inCluster, certDir }: CsrSigningOptions, { folders }: NodeSettings) =>
  inCluster === true && certDir === undefined ? SERVICE_ACCOUNT : folders.certDir;

/**
 * In a pod, the files of the node cannot be seen; there, and on a machine whose name is given, the caller says that it has
 * the credentials of a control-plane node.
 */
function ownNodeOf({ node, folders }: NodeSettings, options: CsrSigningOptions) {
  if (options.node !== undefined) return options.node;
  return readManifest('kube-apiserver', folders) === undefined ? undefined : node;
}
