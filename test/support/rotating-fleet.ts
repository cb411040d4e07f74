/** A trust domain in the middle of a rotation, in memory: records, reports and the ledger, of clusters that are all ready. */
import { X509Certificate } from 'node:crypto';
import { clusterReportKey } from '../../lib/contract/cluster-report.ts';
import { expiryKey } from '../../lib/contract/expiry-key.ts';
import { nodeReportKey } from '../../lib/contract/node-report.ts';
import type { Phase } from '../../lib/contract/rotation-phases.ts';
import type { Rotation } from '../../lib/contract/rotation-state.ts';
import type { TrustDomainDocument } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { examineGate } from '../../lib/rotating/examine-gate.ts';
import { DEFAULT_GATE_RULES, type Transition } from '../../lib/rotating/gate-result.ts';
import { InMemoryService, TRUST_DOMAIN } from './in-memory-service.ts';
import type { MemoryStore } from './memory-store.ts';
import { nodeReport } from './node-report.ts';

export const NOW = new Date('2027-03-01T12:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
export const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);
export const SEQUENCE = 3;

export type Gate = 'start' | 'issue' | 'retire' | 'end' | 'back to trust' | 'take back';

const PHASES: Readonly<Record<Gate, readonly [before: Phase, after: Phase]>> = {
  start: ['stable', 'trust'],
  issue: ['trust', 'issue'],
  retire: ['issue', 'retire'],
  end: ['retire', 'stable'],
  'back to trust': ['issue', 'trust'],
  'take back': ['trust', 'stable'],
};

const CONTROL_PLANES = ['cp-1', 'cp-2', 'cp-3'];
const WORKERS = ['worker-1', 'worker-2'];

/** Which certificates the service has issued to a node, by CA. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  ca: ['apiserver', 'controller-manager.conf', 'kubelet.conf'],
  'etcd-ca': ['etcd-server', 'apiserver-etcd-client'],
  'front-proxy-ca': ['front-proxy-client'],
};

export interface Asked {
  readonly gate: Gate;
  readonly ca?: CaName;
  /** Whether the new CA has a cross certificate. */
  readonly cross?: boolean;
  readonly compromised?: boolean;
  /** How long the phase has lasted. */
  readonly sinceDays?: number;
}

/** Everything that the gate asks for is there. */
export class RotatingFleet {
  readonly memory: InMemoryService;
  readonly asked: Required<Asked>;
  readonly document: TrustDomainDocument;
  readonly oldSha256: string;
  readonly newSha256: string;

  private constructor(memory: InMemoryService, asked: Required<Asked>) {
    this.memory = memory;
    memory.now = NOW;
    this.asked = asked;
    this.document = documentOf(memory.document, asked);
    const [old, replacement] = this.document.cas[asked.ca]?.versions ?? [];
    this.oldSha256 = sha256Of(old?.certificate);
    this.newSha256 = sha256Of(replacement?.certificate);
  }

  static async open(asked: Asked, clusters: readonly string[] = ['prod']): Promise<RotatingFleet> {
    const defaults = { ca: 'ca' as const, cross: true, compromised: false, sinceDays: 10 };
    const fleet = new RotatingFleet(await InMemoryService.open(), { ...defaults, ...asked });
    for (const cluster of clusters) fleet.addCluster(cluster);
    return fleet;
  }

  get exchange(): MemoryStore {
    return this.memory.exchange;
  }

  get authority(): MemoryStore {
    return this.memory.authority;
  }

  get transition(): Transition {
    const { gate, ca, compromised } = this.asked;
    const [before, after] = PHASES[gate];
    const { rotation } = this.document;
    const direction = gate === 'back to trust' || gate === 'take back' ? 'back' : 'forward';
    const versions = { trustDomain: TRUST_DOMAIN, ca, from: 1, to: 2 };
    return { ...versions, before, after, direction, compromised, ...(rotation && { rotation }) };
  }

  /** Writes the document of the trust domain, for those who read it. */
  store(more: object = {}): void {
    this.authority.seed(
      `trust/${TRUST_DOMAIN}.json`,
      JSON.stringify({ ...this.document, ...more }),
    );
  }

  examine() {
    return examineGate(this.memory.service, this.document, this.transition, DEFAULT_GATE_RULES);
  }

  /** `subject: why` of everything that is missing. */
  async missing(): Promise<string[]> {
    return (await this.examine()).missing.map(({ subject, why }) => `${subject}: ${why}`);
  }

  addCluster(cluster: string, more: object = {}): void {
    const entry = (role: string) => (name: string, i: number) => ({
      name,
      role,
      addresses: [`10.0.${role.length}.${i + 1}`],
    });
    const nodes = [...CONTROL_PLANES.map(entry('control-plane')), ...WORKERS.map(entry('worker'))];
    const record = { kubernetesVersion: 'v1.35.4', cluster, trustDomain: TRUST_DOMAIN, nodes };
    this.authority.seed(`clusters/${cluster}.json`, JSON.stringify({ ...record, ...more }));
    this.reportCluster(cluster);
    for (const node of [...CONTROL_PLANES, ...WORKERS]) {
      this.reportNode(node, {}, { cluster });
      for (const name of this.namesOn(node))
        this.issue(node, name, this.versionInPlace, { cluster });
    }
  }

  /** Before `issue`, leaves are of the old CA. */
  get versionInPlace(): number {
    return ['retire', 'end'].includes(this.asked.gate) ? 2 : 1;
  }

  get shaInPlace(): string {
    return this.versionInPlace === 2 ? this.newSha256 : this.oldSha256;
  }

  namesOn(node: string): readonly string[] {
    const names = NAMES[this.asked.ca] ?? [];
    return CONTROL_PLANES.includes(node) ? names : names.filter((name) => name === 'kubelet.conf');
  }

  /** What CA files hold in the phase before. */
  get held(): string[] {
    const { gate } = this.asked;
    if (gate === 'start') return [this.oldSha256];
    return gate === 'end' ? [this.newSha256] : [this.newSha256, this.oldSha256];
  }

  issue(
    node: string,
    certificateName: string,
    caVersion: number,
    { cluster = 'prod', day = '2027-12-01', at = daysAgo(3) } = {},
  ): void {
    this.#at(this.authority, at, () => {
      const serialNumber = at.getTime().toString(16).padStart(16, '0');
      const place = { day, cluster, node, certificateName, requestId: 'r1' };
      this.authority.seed(expiryKey({ ...place, caVersion, serialNumber }), '');
    });
  }

  /** The report of a node that has done everything. */
  nodeReport(node: string, cluster = 'prod') {
    const { ca, gate } = this.asked;
    const isControlPlane = CONTROL_PLANES.includes(node);
    const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
    const started = [...(isControlPlane ? components : []), 'kubelet'].map((component) => ({
      component,
      startedAt: daysAgo(1).toISOString(),
      filesChangedAt: daysAgo(2).toISOString(),
      isSince: true,
    }));
    const servers = isControlPlane ? ['kube-apiserver', 'etcd', 'etcd-peer'] : [];
    const proved = [...servers, 'kubelet'].map((component) => ({
      component,
      address: '10.0.0.1:1',
      result: 'accepted' as const,
      at: daysAgo(1).toISOString(),
    }));
    const certificates = this.namesOn(node).map((name) => ({
      name,
      file: `/etc/kubernetes/${name}`,
      sha256: digestOf(name),
      notAfter: '2027-12-01T00:00:00Z',
      ca,
      caSha256: this.shaInPlace,
    }));
    const holding = (file: string) => ({ file, sha256: this.held });
    return nodeReport(cluster, node, {
      versions: {
        cakeless: '0.0.0',
        components: isControlPlane ? components.map((name) => ({ name, version: '1.35.4' })) : [],
      },
      certificates,
      served: [
        { component: 'kube-apiserver', sha256: digestOf('apiserver'), issuer: 'CN=kubernetes' },
        { component: 'etcd', sha256: digestOf('etcd-server'), issuer: 'CN=etcd-ca' },
      ],
      caFiles: [{ ca, ...holding('/etc/kubernetes/pki/ca.crt') }],
      kubeconfigs: [holding('/etc/kubernetes/kubelet.conf')],
      ...(isControlPlane && { signing: { file: '/m.yaml', flags: [], signs: false } }),
      ...(gate !== 'start' && { rotation: { sequence: SEQUENCE, proved, started, left: [] } }),
    });
  }

  /** @param more what differs from the report of a node that has done everything */
  reportNode(node: string, more: object = {}, { cluster = 'prod', at = NOW } = {}): void {
    const text = JSON.stringify({ ...this.nodeReport(node, cluster), ...more });
    this.#at(this.exchange, at, () => this.exchange.seed(nodeReportKey(cluster, node), text));
  }

  clusterReport(cluster = 'prod') {
    const { ca, gate } = this.asked;
    const holder = (object: string) => ({ object, ca, sha256: this.held });
    return {
      cluster,
      at: NOW.toISOString(),
      by: 'cakeless 0.0.0',
      ...(gate !== 'start' && { sequence: SEQUENCE }),
      nodes: [...CONTROL_PLANES, ...WORKERS].map((name) => ({ name, ready: true })),
      holders: [
        holder('configmap/kube-system/extension-apiserver-authentication'),
        holder('configmap/kube-public/cluster-info'),
        { object: 'apiservice/v1.other.example', sha256: [] },
      ],
      withoutRootCa: [],
      oldPods: [],
      unavailable: [],
      truncated: [],
    };
  }

  reportCluster(cluster = 'prod', more: object = {}, at = NOW): void {
    const text = JSON.stringify({ ...this.clusterReport(cluster), ...more });
    this.#at(this.exchange, at, () => this.exchange.seed(clusterReportKey(cluster), text));
  }

  #at(store: MemoryStore, at: Date, write: () => void): void {
    const { now } = store;
    store.now = () => at;
    write();
    store.now = now;
  }
}

/** Version 2 is the certificate of another CA: a gate compares digests only. */
function documentOf(
  document: TrustDomainDocument,
  { gate, ca, cross, compromised, sinceDays }: Required<Asked>,
): TrustDomainDocument {
  const [before] = PHASES[gate];
  const old = document.cas[ca];
  const other = document.cas[ca === 'ca' ? 'etcd-ca' : 'ca']?.versions[0];
  if (!old || !other || before === 'stable') return document;
  const replacement = { ...other, version: 2, ...(cross && { cross: other.certificate }) };
  const signing = before === 'trust' ? 1 : 2;
  const since = daysAgo(sinceDays).toISOString();
  const rotation: Rotation = {
    ca,
    from: 1,
    to: 2,
    phase: before,
    since,
    startedAt: daysAgo(30).toISOString(),
    ...(compromised && { compromised }),
  };
  const versions = [...old.versions, replacement];
  const cas = { ...document.cas, [ca]: { signing, versions } };
  return { ...document, cas, sequence: SEQUENCE, rotation };
}

const sha256Of = (pem: string | undefined) =>
  pem === undefined
    ? ''
    : new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

/** A digest for each name. */
const digestOf = (name: string) => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
