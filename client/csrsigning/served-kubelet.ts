/**
 * Whether a kubelet of this cluster has received a client certificate of the service: then kube-controller-manager no longer has
 * to sign. Only `sign` writes outcomes in the bucket, and only what the API server or the kubelet's own store has was
 * delivered; so both are compared.
 */
import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { outcomesPrefix } from '../../lib/contract/request-key.ts';
import { CSR } from '../../lib/contract/request-kinds.ts';
import { Fault } from '../../lib/fault.ts';
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Clock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { type KubeClient, KubeError, KubeUnreachable } from '../kubernetes/kube-client.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import { fingerprintOfFirst } from '../node/disk/fingerprints.ts';
import { type NodeFolders, placeOf } from '../node/disk/places.ts';
import { makePrivateKey } from '../node/disk/private-key.ts';
import { readPlace } from '../node/disk/read-place.ts';
import type { FoundObject } from '../node/exchange/exchange.ts';
import { newestCertificates, readIssued } from '../node/exchange/newest-certificates.ts';
import type { ForwarderPort, ForwarderProof } from '../node/release-keys/options.ts';
import { attemptsPrefix } from './attempts.ts';
import { type ApiCsr, isOver, readFacts, stateOf } from './csr-facts.ts';
import { CSRS_PATH, REFUSED_ANNOTATION } from './csr-status.ts';
import { type Check, checkCsrSigning } from './preflight.ts';

/** @param signal ends all calls of the client */
export type OpenClient = (signal?: AbortSignal) => KubeClient;

export interface ServedDeps {
  readonly cluster: string;
  readonly node: string;
  readonly folders: NodeFolders;
  /** As the kubelet of this node, which may list and create CSRs. */
  readonly kubelet: OpenClient;
  /** As the forwarder. */
  readonly forwarder: OpenClient;
  readonly exchange: () => Promise<Pick<ObjectStore, 'get' | 'list'>>;
  readonly clock: Clock;
  /** How long to wait for the certificate that `prove` requests. */
  readonly waitSeconds: number;
  /** Aborted after so many milliseconds. */
  readonly deadline?: (milliseconds: number) => AbortSignal;
}

export const forwarderPort = (deps: ServedDeps): ForwarderPort => ({
  findServed: () => explaining(() => findServed(deps)),
  findObstacles: () => findObstacles(deps),
  prove: (whileWaiting) => prove(deps, whileWaiting),
});

/**
 * For all calls of a step to the API server: they take a second, and the limit of a single call would let a list of many
 * pages, or the questions about many permissions, take minutes.
 */
const STEP_MS = 30_000;
/** For the comparisons of a step with the bucket, which can be slow for each of them. */
const COMPARING_MS = 60_000;

const deadlineOf = ({ deadline = AbortSignal.timeout }: ServedDeps): AbortSignal =>
  deadline(STEP_MS);

/** @throws CommandError that says what to do if the API server does not respond, or not as expected */
async function explaining<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof KubeUnreachable) && !(error instanceof KubeError)) throw error;
    throw new CommandError(
      'failure',
      `it is unknown whether a forwarder serves kubelets: ${error.message}`,
      'check the server in kubelet.conf and that its API server responds, or say with --without-forwarder why kubelets need none',
    );
  }
}

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';

/** The API server keeps issued CSRs for an hour; a cluster that creates many has some of the last minutes in these. */
const MAX_COMPARED = 100;

async function findServed(deps: ServedDeps): Promise<string | undefined> {
  const issued: ApiCsr[] = [];
  for await (const { items } of deps.kubelet(deadlineOf(deps)).list<ApiCsr>(CSRS_PATH))
    issued.push(...items.filter(isIssuedClient));
  issued.sort((a, b) => createdAt(b) - createdAt(a));
  const end = deps.clock.monotonic() + COMPARING_MS;
  for (const csr of issued.slice(0, MAX_COMPARED))
    if (deps.clock.monotonic() > end) break;
    else if (await isByService(deps, csr, isRecent(deps)))
      return servedBy(csr.metadata?.name ?? '');
  return findInStore(deps);
}

const servedBy = (name: string) => `the service issued the certificate of CSR ${name}`;

const createdAt = ({ metadata }: ApiCsr) => Date.parse(metadata?.creationTimestamp ?? '') || 0;

/** A serving certificate proves too little: without a client certificate, a kubelet is lost. */
const isIssuedClient = (csr: ApiCsr): boolean =>
  csr.spec?.signerName === SIGNER && stateOf(csr.status) === 'issued';

/** As long as the API server keeps an issued CSR: an older one says nothing about a forwarder that may be gone since. */
const RECENT_MS = 60 * 60 * 1000;

/** By the clocks of S3 and of this node; if they differ too much, a proof is requested. */
const isRecent =
  ({ clock }: ServedDeps) =>
  ({ lastModified }: FoundObject): boolean =>
    Math.abs(clock.now().getTime() - lastModified.getTime()) <= RECENT_MS;

/**
 * Whether the certificate in a CSR's status is the outcome of one of its attempts.
 * @param counts whether an outcome does
 */
async function isByService(
  deps: ServedDeps,
  csr: ApiCsr,
  counts: (outcome: FoundObject) => boolean = () => true,
): Promise<boolean> {
  const facts = readFacts(csr);
  const certificate = fingerprintOfFirst(
    Buffer.from(csr.status?.certificate ?? '', 'base64').toString('latin1'),
  );
  if (!facts || certificate === undefined) return false;
  const { cluster, node } = deps;
  // another control plane's own folder cannot be read from here
  const folder = facts.isByNode && facts.nodeName === node ? node : CSR;
  const place = { cluster, node: folder, uid: facts.uid, path: facts.signer.path };
  const found = await newestFingerprints(await deps.exchange(), attemptsPrefix(place), 5, counts);
  return found.includes(certificate);
}

/** What the kubelet of this node uses came through its own forwarder, lately. */
async function findInStore(deps: ServedDeps): Promise<string | undefined> {
  const { cluster, node, folders, exchange } = deps;
  const place = readPlace(placeOf('kubelet.conf', folders));
  if (place.state !== 'present') return undefined;
  const counts = isRecent(deps);
  const found = await newestFingerprints(
    await exchange(),
    outcomesPrefix(cluster, node),
    20,
    (outcome) => outcome.key.endsWith('/kubelet-client.crt') && counts(outcome),
  );
  const isServed = found.includes(place.leaf.fingerprint256);
  return isServed
    ? `the kubelet of this node uses a certificate from the service (${place.certificateFile})`
    : undefined;
}

/** Of the newest certificates below a prefix, as far as they count. */
async function newestFingerprints(
  exchange: Pick<ObjectStore, 'get' | 'list'>,
  prefix: string,
  most: number,
  counts: (outcome: FoundObject) => boolean,
): Promise<(string | undefined)[]> {
  const newest = (await newestCertificates(exchange, prefix)).filter(counts).slice(0, most);
  const issued = await Promise.all(newest.map(({ key }) => readIssued(exchange, key)));
  return issued.map(({ pem = '' }) => fingerprintOfFirst(pem));
}

async function findObstacles(deps: ServedDeps): Promise<string[]> {
  const { cluster, folders, exchange, forwarder } = deps;
  const conf = join(folders.kubeconfigDir, CSRSIGNING_CONF);
  if (!existsSync(conf))
    return [
      `${conf} does not exist, so no forwarder runs on this node; cakeless install-csrsigning installs it, or --without-forwarder says why kubelets need none`,
    ];
  const checks = await checkCsrSigning({
    cluster,
    folders,
    client: () => forwarder(deadlineOf(deps)),
    exchange: exchange as () => Promise<ObjectStore>,
  });
  return checks.filter(({ state }) => state === 'wrong').map(describe);
}

const describe = ({ name, what, fix }: Check) =>
  `the forwarder cannot work: ${name}: ${what}${fix === undefined ? '' : `; ${fix}`}`;

const POLL_MS = 1000;

/**
 * A CSR like that of the kubelet's rotation, with its credentials: kube-controller-manager approves it, and the forwarder
 * of this node carries it to the service. The key never leaves memory, so nobody can use the certificate.
 */
async function prove(deps: ServedDeps, whileWaiting: () => void): Promise<ForwarderProof> {
  const csr = await newCsr(deps.node);
  const created = await explaining(() =>
    deps.kubelet(deadlineOf(deps)).create<ApiCsr>(CSRS_PATH, csr),
  );
  const name = created.metadata?.name ?? '';
  const deadline = deps.clock.monotonic() + deps.waitSeconds * 1000;
  for (;;) {
    const seen = await look(deps, name);
    if ('state' in seen) return seen;
    if (deps.clock.monotonic() >= deadline)
      return { state: 'not-served', why: `${seen.problem} (waited ${deps.waitSeconds} seconds)` };
    whileWaiting();
    await deps.clock.sleep(POLL_MS);
  }
}

/** API server and bucket may be away for a moment, and kube-controller-manager has been stopped already. */
async function look(
  deps: ServedDeps,
  name: string,
): Promise<ForwarderProof | { readonly problem: string }> {
  try {
    const path = `${CSRS_PATH}/${encodeURIComponent(name)}`;
    const csr = await deps.kubelet(deadlineOf(deps)).get<ApiCsr>(path);
    return (await judge(deps, name, csr)) ?? { problem: whyNot(name, csr) };
  } catch (error) {
    if (!isPassing(error)) throw error;
    return { problem: `what became of CSR ${name} could not be read: ${error.message}` };
  }
}

const isPassing = (error: unknown): error is Error =>
  error instanceof KubeUnreachable ||
  (error instanceof KubeError && (error.status === 429 || error.status >= 500)) ||
  (error instanceof Fault && error.code === 'unavailable');

/** @returns undefined as long as nothing is decided */
async function judge(
  deps: ServedDeps,
  name: string,
  csr: ApiCsr | undefined,
): Promise<ForwarderProof | undefined> {
  if (!csr) return { state: 'not-served', why: `CSR ${name} was deleted` };
  const state = stateOf(csr.status);
  if (!isOver(state)) return undefined;
  if (state !== 'issued') return { state: 'not-served', why: `CSR ${name} was ${state}` };
  return (await isByService(deps, csr))
    ? { state: 'served', by: servedBy(name) }
    : { state: 'signed-by-another' };
}

function whyNot(name: string, csr: ApiCsr | undefined): string {
  const refused = csr?.metadata?.annotations?.[REFUSED_ANNOTATION];
  if (refused !== undefined) return `CSR ${name} was refused: ${refused}`;
  const what =
    stateOf(csr?.status) === 'approved' ? 'approved, but got no certificate' : 'not even approved';
  return `CSR ${name} was ${what}`;
}

async function newCsr(node: string) {
  const key = createPrivateKey(await makePrivateKey('ECDSA-P256'));
  const subject = { commonName: `system:node:${node}`, organizations: ['system:nodes'] };
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'cakeless-proof-' },
    spec: {
      request: Buffer.from(makeCsr({ subject, names: [] }, key)).toString('base64'),
      signerName: SIGNER,
      usages: ['digital signature', 'client auth'],
    },
  };
}
