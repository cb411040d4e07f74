/** A whole service in memory, with CAs and for real kubeadm CSRs. Its clock and its random numbers are the same in every run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildRecord } from '../../client/operator/cluster-record.ts';
import { readDeclaredCluster } from '../../client/operator/declared-cluster.ts';
import { createTrustDomain } from '../../lib/ca/create-trust-domain.ts';
import { outcomeKeys, parseRequestKey } from '../../lib/contract/request-key.ts';
import type { TrustDomainDocument } from '../../lib/contract/trust-domain.ts';
import { processRequest } from '../../lib/issuance/process-request.ts';
import type { Processed } from '../../lib/issuance/wake.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { Service } from '../../lib/service.ts';
import type { CaKeySpec } from '../../lib/signing/signing-algorithm.ts';
import {
  parseTrustDomainRules,
  type TrustDomainRulesDocument,
} from '../../lib/trust-domain-rules.ts';
import type { KubeadmCsr, KubeadmSet } from './kubeadm-sets.ts';
import { MemoryStore } from './memory-store.ts';
import { SoftKeys } from './soft-keys.ts';

export const START = new Date('2026-11-24T12:00:00Z');
export const TRUST_DOMAIN = 'fleet';
export const CLUSTER = 'prod';
export const UPLOADER = 'AWS:AROAEXAMPLENODE:i-0abc';

export class InMemoryService {
  readonly exchange = new MemoryStore();
  readonly authority = new MemoryStore();
  readonly keys: SoftKeys;
  readonly document: TrustDomainDocument;
  now = START;
  /** As in the environment of the functions. @default every trust domain has the default rule */
  rules: TrustDomainRulesDocument = {};
  #drawn = 0;

  private constructor(keys: SoftKeys, document: TrustDomainDocument) {
    this.keys = keys;
    this.document = document;
    this.exchange.now = this.authority.now = () => this.now;
  }

  /** The CAs of each kind of key are made once for a file of tests. */
  static async open(keySpec: CaKeySpec = 'ECC_NIST_P256'): Promise<InMemoryService> {
    const { keys, document } = await madeCas(keySpec);
    const memory = new InMemoryService(keys.withoutHistory(), document);
    memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
    return memory;
  }

  /** With the records and claims in the authority bucket that the creation of the CAs wrote. */
  static async openWithCaRecords(): Promise<InMemoryService> {
    const memory = await InMemoryService.open();
    const { authority } = await madeCas('ECC_NIST_P256');
    for (const [key, { body }] of authority.objects) memory.authority.seed(key, body);
    return memory;
  }

  /** With the CAs that `adopt` writes, and no others. */
  static async openAdopted(
    now: Date,
    adopt: (service: Service, keys: SoftKeys) => Promise<{ document: TrustDomainDocument }>,
  ): Promise<InMemoryService> {
    const keys = new SoftKeys();
    const empty = new InMemoryService(keys, (await madeCas('ECC_NIST_P256')).document);
    empty.now = now;
    const { document } = await adopt(empty.service, keys);
    const memory = new InMemoryService(keys.withoutHistory(), document);
    memory.now = now;
    for (const [key, { body }] of empty.authority.objects) memory.authority.seed(key, body);
    return memory;
  }

  get service(): Service {
    return {
      exchange: this.exchange,
      authority: this.authority,
      keys: this.keys,
      rules: parseTrustDomainRules(JSON.stringify(this.rules)),
      now: () => this.now,
      randomBytes: (count) => this.#random(count),
    };
  }

  /** Writes the cluster record that `cakeless cluster apply` builds from the set's configuration. */
  declare(set: KubeadmSet, more: Record<string, unknown> = {}): { node: string; cluster: string } {
    const config = declaredBy(set);
    const record = buildRecord(CLUSTER, TRUST_DOMAIN, config, [], undefined);
    this.authority.seed(`clusters/${CLUSTER}.json`, JSON.stringify({ ...record, ...more }));
    return { node: config.node?.name ?? '', cluster: CLUSTER };
  }

  /** Uploads a CSR as its node does. It is not processed yet. @returns its key */
  upload(node: string, csr: Pick<KubeadmCsr, 'path' | 'file'>, requestId = 'r1'): string {
    const key = `requests/${CLUSTER}/${node}/${requestId}/${csr.path}`;
    this.exchange.seed(key, readFileSync(csr.file));
    return key;
  }

  process(key: string, uploader: string | undefined = UPLOADER): Promise<Processed> {
    return processRequest(this.service, { key, uploader });
  }

  /** The outcome, as the node reads it. */
  outcome(key: string) {
    const address = parseRequestKey(key);
    if (!address) throw new Error(`${key} is not the key of a request`);
    const keys = outcomeKeys(address);
    return {
      certificate: this.exchange.text(keys.certificate),
      rejected: this.exchange.json(keys.rejected),
      pending: this.exchange.json(keys.pending),
    };
  }

  caCertificate(name: CaName): string {
    const { signing, versions = [] } = this.document.cas[name] ?? {};
    return versions.find(({ version }) => version === signing)?.certificate ?? '';
  }

  /** Hashes of a counter: different for each call, and the same in every run. */
  #random(count: number): Uint8Array {
    this.#drawn += 1;
    return createHash('sha512').update(String(this.#drawn)).digest().subarray(0, count);
  }
}

const declared = new WeakMap<KubeadmSet, ReturnType<typeof readDeclaredCluster>>();

/** The configuration of a set is read once for a file of tests: some issue hundreds of certificates of one. */
function declaredBy(set: KubeadmSet) {
  const known = declared.get(set) ?? readDeclaredCluster(set.configYaml ?? '', set.dir);
  declared.set(set, known);
  return known;
}

interface MadeCas {
  readonly keys: SoftKeys;
  readonly document: TrustDomainDocument;
  readonly authority: MemoryStore;
}

const made = new Map<CaKeySpec, Promise<MadeCas>>();

function madeCas(keySpec: CaKeySpec) {
  const known = made.get(keySpec) ?? makeCas(keySpec);
  made.set(keySpec, known);
  return known;
}

async function makeCas(keySpec: CaKeySpec) {
  const keys = new SoftKeys();
  const stores = { exchange: new MemoryStore(), authority: new MemoryStore() };
  let drawn = 0;
  const service = {
    ...stores,
    keys,
    rules: parseTrustDomainRules(undefined),
    now: () => START,
    randomBytes: (count: number) => {
      drawn += 1;
      return createHash('sha512').update(`ca ${drawn}`).digest().subarray(0, count);
    },
  };
  const request = { trustDomain: TRUST_DOMAIN, keySpec, validityDays: 3650 };
  const { document } = await createTrustDomain(service, keys, request);
  return { keys, document, authority: stores.authority };
}
