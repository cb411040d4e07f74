/**
 * Whether a kubelet of this cluster has received a client certificate of the service: then kube-controller-manager no longer has
 * to sign. Only `sign` writes outcomes in the bucket, and only what the API server or the kubelet's own store has was
 * delivered; so both are compared.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { OUTCOME_SUFFIXES } from '../../lib/contract/prefixes.ts';
import { outcomesPrefix } from '../../lib/contract/request-key.ts';
import { CSR } from '../../lib/contract/request-kinds.ts';
import { LIMITS } from '../../lib/limits.ts';
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { makeCsr } from '../node/csr/make-csr.ts';
import { type NodeFolders, placeOf } from '../node/disk/places.ts';
import { makePrivateKey } from '../node/disk/private-key.ts';
import { readPlace } from '../node/disk/read-place.ts';
import type { ForwarderPort, ForwarderProof } from '../node/release-keys/options.ts';
import { attemptsPrefix } from './attempts.ts';
import { type ApiCsr, isOver, readFacts, stateOf } from './csr-facts.ts';
import { CSRS_PATH, REFUSED_ANNOTATION } from './csr-status.ts';
import { type Check, checkCsrSigning } from './preflight.ts';

export interface ServedDeps {
  readonly cluster: string;
  readonly node: string;
  readonly folders: NodeFolders;
  /** As the kubelet of this node, which may list and create CSRs. */
  readonly kubelet: () => KubeClient;
  /** As the forwarder. */
  readonly forwarder: () => KubeClient;
  readonly exchange: () => Promise<Pick<ObjectStore, 'get' | 'list'>>;
  readonly clock: Clock;
  /** How long to wait for the certificate that `prove` requests. */
  readonly waitSeconds: number;
}

export const forwarderPort = (deps: ServedDeps): ForwarderPort => ({
  findServed: () => findServed(deps),
  findObstacles: () => findObstacles(deps),
  prove: (whileWaiting) => prove(deps, whileWaiting),
});

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';

/** The API server keeps issued CSRs for an hour; a cluster that creates many has some of the last minutes in these. */
const MAX_COMPARED = 100;

async function findServed(deps: ServedDeps): Promise<string | undefined> {
  const issued: ApiCsr[] = [];
  for await (const { items } of deps.kubelet().list<ApiCsr>(CSRS_PATH))
    issued.push(...items.filter(isIssuedClient));
  issued.sort((a, b) => createdAt(b) - createdAt(a));
  for (const csr of issued.slice(0, MAX_COMPARED))
    if (await isByService(deps, csr)) return `CSR ${csr.metadata?.name} has it in the API server`;
  return findInStore(deps);
}

const createdAt = ({ metadata }: ApiCsr) => Date.parse(metadata?.creationTimestamp ?? '') || 0;

/** A serving certificate proves too little: without a client certificate, a kubelet is lost. */
const isIssuedClient = (csr: ApiCsr): boolean =>
  csr.spec?.signerName === SIGNER && stateOf(csr.status) === 'issued';

/** Whether the certificate in a CSR's status is the outcome of one of its attempts. */
async function isByService(deps: ServedDeps, csr: ApiCsr): Promise<boolean> {
  const facts = readFacts(csr);
  const certificate = fingerprintOf(
    Buffer.from(csr.status?.certificate ?? '', 'base64').toString('latin1'),
  );
  if (!facts || certificate === undefined) return false;
  const { cluster, node } = deps;
  // another control plane's own folder cannot be read from here
  const folder = facts.isByNode && facts.nodeName === node ? node : CSR;
  const place = { cluster, node: folder, uid: facts.uid, path: facts.signer.path };
  const found = await certificatesUnder(await deps.exchange(), attemptsPrefix(place), 5);
  return found.some(({ fingerprint }) => fingerprint === certificate);
}

/** What the kubelet of this node uses came through its own forwarder. */
async function findInStore({
  cluster,
  node,
  folders,
  exchange,
}: ServedDeps): Promise<string | undefined> {
  const place = readPlace(placeOf('kubelet.conf', folders));
  if (place.state !== 'present') return undefined;
  const found = await certificatesUnder(
    await exchange(),
    outcomesPrefix(cluster, node),
    20,
    '/kubelet-client.crt',
  );
  const isServed = found.some(({ fingerprint }) => fingerprint === place.leaf.fingerprint256);
  return isServed ? `the kubelet of this node uses it (${place.certificateFile})` : undefined;
}

const MAX_LISTED = 100_000;

/** The newest certificates below a prefix. */
async function certificatesUnder(
  exchange: Pick<ObjectStore, 'get' | 'list'>,
  prefix: string,
  most: number,
  suffix: string = OUTCOME_SUFFIXES.certificate,
): Promise<{ readonly fingerprint: string | undefined }[]> {
  const keys: { readonly key: string; readonly at: number }[] = [];
  let listed = 0;
  for await (const { key, lastModified } of exchange.list(prefix)) {
    if (key.endsWith(suffix)) keys.push({ key, at: lastModified.getTime() });
    listed += 1;
    if (listed === MAX_LISTED) break;
  }
  keys.sort((a, b) => b.at - a.at);
  const objects = keys.slice(0, most).map(({ key }) => exchange.get(key, LIMITS.maxOutcomeBytes));
  return (await Promise.all(objects)).map((object) => ({
    fingerprint: fingerprintOf(Buffer.from(object?.body ?? '').toString('latin1')),
  }));
}

function fingerprintOf(pem: string): string | undefined {
  const [first] = certificatesIn(pem);
  try {
    return first === undefined ? undefined : new X509Certificate(first).fingerprint256;
  } catch {
    return undefined;
  }
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
    client: forwarder,
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
  const client = deps.kubelet();
  const created = await client.create<ApiCsr>(CSRS_PATH, await newCsr(deps.node));
  const name = created.metadata?.name ?? '';
  const deadline = deps.clock.monotonic() + deps.waitSeconds * 1000;
  for (;;) {
    const csr = await client.get<ApiCsr>(`${CSRS_PATH}/${encodeURIComponent(name)}`);
    const proof = await judge(deps, name, csr);
    if (proof) return proof;
    if (deps.clock.monotonic() >= deadline)
      return { state: 'not-served', why: whyNot(name, csr, deps.waitSeconds) };
    whileWaiting();
    await deps.clock.sleep(POLL_MS);
  }
}

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
    ? { state: 'served', by: `CSR ${name} has it in the API server` }
    : { state: 'signed-by-another' };
}

function whyNot(name: string, csr: ApiCsr | undefined, waitSeconds: number): string {
  const refused = csr?.metadata?.annotations?.[REFUSED_ANNOTATION];
  if (refused !== undefined) return `CSR ${name} was refused: ${refused}`;
  const what =
    stateOf(csr?.status) === 'approved' ? 'approved, but got no certificate' : 'not even approved';
  return `CSR ${name} was ${what} within ${waitSeconds} seconds`;
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
