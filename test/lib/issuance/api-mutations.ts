/**
 * Uploads of a forwarder that are changed at random: what is issued has the subject, usages and names that the cluster record gives a worker
 * (or, below its own name, a control-plane node), for the key of the CSR. The oracle is written by hand, reads the draft
 * with another parser, and uses nothing of the policy.
 */
import { X509Certificate } from 'node:crypto';
import { issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { assembleCertificate } from '../../../lib/certificate/assemble.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { type CsrObject, formatCsrObject } from '../../../lib/certificates-api/csr-object.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';
import { canonicalIpAddress } from '../../../lib/ip-address.ts';
import { decide } from '../../../lib/issuance/decide.ts';
import { groundsOfDecision, SharedDeclarations } from '../../../lib/issuance/grounds.ts';
import { BOOTSTRAPPER, clientCsr, pemOf, servingCsr, userCsr } from '../../support/api-csr.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';

const RECORD = {
  cluster: 'prod',
  trustDomain: 'fleet',
  kubernetesVersion: 'v1.37.2',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  networking: { serviceSubnet: '10.96.0.0/12' },
  apiServer: { certSANs: ['kube.prod.example.com', '203.0.113.5'] },
  nodes: [
    { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' },
    {
      name: 'w-1',
      addresses: ['10.20.0.21', 'fd00:20::21'],
      role: 'worker',
      kubelet: { certSANs: ['w-1.prod.example.com'] },
    },
    { name: 'w-2', addresses: ['10.20.0.22'], role: 'worker' },
  ],
  nodeRules: [
    {
      namePattern: 'auto-*',
      addressRanges: ['10.20.8.0/24'],
      role: 'worker',
      kubelet: { certSANs: ['*.auto.example.com'], addressRanges: ['198.51.100.0/24'] },
    },
  ],
  csrSigning: { kubeletClient: {}, kubeletServing: {}, kubeAPIServerClient: {} },
  users: { organizations: ['team-a'], maxValidityPeriod: '24h', approvalRequired: false },
};

/** What the record above allows, by hand. */
const SERVING_NAMES: Readonly<Record<string, (name: string) => boolean>> = {
  'cp-1': (name) => ['DNS:cp-1', 'IP:10.20.0.11'].includes(name),
  'w-1': (name) =>
    ['DNS:w-1', 'DNS:w-1.prod.example.com', 'IP:10.20.0.21', 'IP:fd00:20::21'].includes(name),
  'w-2': (name) => ['DNS:w-2', 'IP:10.20.0.22'].includes(name),
  'auto-7': (name) =>
    name === 'DNS:auto-7' ||
    /^IP:(?:10\.20\.8|198\.51\.100)\.\d+$/.test(name) ||
    /^DNS:[a-z0-9-]+\.auto\.example\.com$/.test(name),
};
const WORKERS = ['w-1', 'w-2', 'auto-7'];

/** Linear congruential: the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const next = numbers(2026);
const one = <T>(list: readonly T[]): T => list[next(list.length)] as T;
const some = <T>(list: readonly T[]): T[] => list.filter(() => next(3) === 0);

const NODES = ['w-1', 'w-1', 'w-2', 'auto-7', 'cp-1', 'w-9', 'csr', 'users', ''];
const NAMES = [
  ...['w-1', 'w-2', 'cp-1', 'auto-7', 'w-1.prod.example.com', 'x.auto.example.com'],
  ...['10.20.0.21', '10.20.0.22', '10.20.0.11', '10.20.8.7', '198.51.100.7', 'fd00:20::21'],
  ...['10.96.0.1', '127.0.0.1', '203.0.113.5', 'localhost', 'kubernetes', '*.auto.example.com'],
  ...[
    'api.prod.example.com',
    'kube.prod.example.com',
    'kubernetes.default.svc',
    '::ffff:10.96.0.1',
  ],
];
const OWN_NAMES: Readonly<Record<string, readonly string[]>> = {
  'cp-1': ['cp-1', '10.20.0.11'],
  'w-1': ['w-1', 'w-1.prod.example.com', '10.20.0.21', 'fd00:20::21'],
  'w-2': ['w-2', '10.20.0.22'],
  'auto-7': ['auto-7', '10.20.8.7', '198.51.100.7', 'x.auto.example.com'],
};
const ORGANIZATIONS = ['system:nodes', 'system:masters', 'team-a', 'kubeadm:cluster-admins'];
const USAGES = ['digital signature', 'key encipherment', 'client auth', 'server auth', 'cert sign'];
const SIGNER_NAMES = [
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client',
  'kubernetes.io/legacy-unknown',
];
const PATHS = ['kubelet-client.json', 'kubelet-serving.json', 'user.json'];
const CONDITIONS = ['Approved', 'Denied', 'Failed', 'Other'].map((type) => ({
  type,
  status: 'True',
}));

const KEYS = new Map<string, string>();
/** A signature takes most of the time, so CSRs are made in advance: most of them plausible. */
const PEMS = Array.from({ length: 600 }, () => {
  const node = one(NODES);
  const cn = one([
    `system:node:${node}`,
    `system:node:${node}`,
    `system:node:${node}`,
    node,
    'jane',
  ]);
  const o = one([['system:nodes'], ['system:nodes'], ['system:nodes'], some(ORGANIZATIONS)]);
  const own = OWN_NAMES[node] ?? [];
  const names = one([
    [],
    some(own),
    [...own],
    [...some(own), ...some(NAMES).slice(0, 1)],
    some(NAMES),
  ]);
  const key = next(20) === 0 ? one(['p-384', 'rsa-2048']) : 'p-256';
  const request = Buffer.from(pemOf({ cn, o, names, key })).toString('base64');
  KEYS.set(request, Buffer.from(testKey(key).spki).toString('base64'));
  return request;
});

interface Upload {
  readonly key: string;
  readonly object: CsrObject;
  readonly bytes: Uint8Array;
}

type Change = (object: CsrObject) => CsrObject;
const inSpec =
  (change: () => Partial<CsrObject['spec']>): Change =>
  (object) => ({ ...object, spec: { ...object.spec, ...change() } });

const CHANGES: readonly Change[] = [
  inSpec(() => ({ request: one(PEMS) })),
  inSpec(() => ({ signerName: one(SIGNER_NAMES) })),
  inSpec(() => ({ usages: some(USAGES) })),
  inSpec(() => ({ username: `system:node:${one(NODES)}` })),
  inSpec(() => ({ groups: some(['system:nodes', 'system:bootstrappers', 'system:masters']) })),
  inSpec(() => ({ ...BOOTSTRAPPER })),
  inSpec(() => ({ expirationSeconds: 600 + next(2 ** 31 - 601) })),
  (object) => ({ ...object, status: { conditions: some(CONDITIONS) } }),
  (object) => ({ ...object, metadata: { ...object.metadata, uid: one(['u-1', 'u-2']) } }),
];

const ofNode = (make: typeof clientCsr) => () => {
  const node = one(NODES);
  const names = make === servingCsr ? one([OWN_NAMES[node] ?? [], some(NAMES)]) : [];
  return make({ cn: `system:node:${node}`, uid: 'u-1', names });
};
const START_FROM = Array.from({ length: 200 }, (_, i) =>
  [ofNode(clientCsr), ofNode(servingCsr), () => userCsr({ cn: 'jane', o: ['team-a'], uid: 'u-1' })][
    i % 3
  ]?.(),
).filter((object) => object !== undefined);

function upload(): Upload {
  let object = one(START_FROM);
  for (let left = one([0, 1, 1, 2, 3]); left > 0; left--) object = one(CHANGES)(object);
  const ofSigner = PATHS[SIGNER_NAMES.indexOf(object.spec.signerName)] ?? 'user.json';
  const path = one([ofSigner, ofSigner, ofSigner, one(PATHS)]);
  const place = one(['csr', 'csr', 'csr', 'cp-1', 'w-1']);
  const bytes = Buffer.from(formatCsrObject(object));
  // sometimes a byte of the whole object, which is often one of the CSR in it
  if (next(8) === 0) bytes[next(bytes.length)] = one([...Buffer.from('aA0"{}=,/')]);
  return { key: `requests/prod/${place}/u-1/${path}`, object, bytes };
}

/** As OpenSSL reads it. */
function factsOf(pem: string) {
  const { subject, subjectAltName = '', keyUsage, ca, publicKey } = new X509Certificate(pem);
  const ofSubject = (type: string) =>
    subject
      .split('\n')
      .filter((line) => line.startsWith(`${type}=`))
      .map((line) => line.slice(type.length + 1));
  const names = subjectAltName === '' ? [] : subjectAltName.split(', ');
  return {
    cn: ofSubject('CN').join(),
    organizations: ofSubject('O'),
    names: names.map((name) => {
      const [type = '', value = ''] = name.split(/:(.*)/s);
      return type === 'DNS' ? name : `IP:${canonicalIpAddress(value)}`;
    }),
    usages: keyUsage.join(),
    isCa: ca,
    key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

/** What is wrong with an issued certificate. */
function objections({ key, bytes }: Upload, pem: string, ca: string): string[] {
  const facts = factsOf(pem);
  const [, , place = '', , path = ''] = key.split('/');
  const { spec, metadata } = JSON.parse(Buffer.from(bytes).toString()) as CsrObject;
  const isServing = path === 'kubelet-serving.json';
  const common = {
    CA: ca === (isServing ? 'kubelet-ca' : 'ca') && !facts.isCa,
    uid: metadata.uid === 'u-1',
    signer: spec.signerName === SIGNER_NAMES[PATHS.indexOf(path)],
    usages: facts.usages === (isServing ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'),
    names: isServing || facts.names.length === 0,
    // a CSR whose bytes were changed is not in the map; its signature verifies, or it is not issued
    key: (KEYS.get(spec.request) ?? facts.key) === facts.key,
  };
  const right = { ...common, ...(path === 'user.json' ? judgeUser(place, facts) : judgeNode()) };
  return Object.entries(right).flatMap(([what, isRight]) => (isRight ? [] : [what]));

  function judgeNode() {
    const allowed = place === 'csr' ? WORKERS : ['cp-1'].filter((name) => name === place);
    const node = allowed.find((name) => facts.cn === `system:node:${name}`);
    const fits = facts.names.every((name) => SERVING_NAMES[node ?? '']?.(name));
    return {
      organizations: facts.organizations.join() === 'system:nodes',
      node: node !== undefined,
      serving: !isServing || (facts.names.length > 0 && fits && spec.username === facts.cn),
    };
  }
}

const judgeUser = (place: string, { cn, organizations }: ReturnType<typeof factsOf>) => ({
  place: place === 'csr',
  organizations: organizations.every((name) => name === 'team-a'),
  user: !cn.startsWith('system:'),
});

/** @returns what is wrong with what was issued; undefined if nothing was */
async function issue(
  { service, document, authority, now }: InMemoryService,
  declared: SharedDeclarations,
  made: Upload,
): Promise<string[] | undefined> {
  const address = parseRequestKey(made.key);
  if (!address) throw new Error(made.key);
  const body = made.bytes;
  const stored = { body, size: body.length, tooLarge: false, eTag: '', versionId: undefined };
  const object = { ...stored, metadata: {}, lastModified: now, ageMs: 0 };
  const grounds = groundsOfDecision(declared, authority);
  const decision = await decide(service, address, object, { uploader: 'AWS:x' }, grounds);
  if (decision.kind === 'reject') return undefined;
  if (decision.kind !== 'issue') return [decision.kind];
  const { record } = decision;
  const ca = issuingCa(document, record.ca);
  if (!ca) return [record.ca];
  const tbs = Buffer.from(record.tbs, 'base64');
  const unsigned = assembleCertificate(tbs, ca, Uint8Array.of(0x30, 0));
  return objections(made, certificateToPem(unsigned), ca.name);
}

export interface Mutations {
  /** What is wrong with what was issued. */
  readonly found: readonly unknown[];
  /** The keys of what was issued. */
  readonly issued: readonly string[];
}

/** Uploads objects and decides on each: the same ones in every run. */
export async function decideMutations(count: number): Promise<Mutations> {
  const memory = await InMemoryService.open();
  memory.authority.seed('clusters/prod.json', JSON.stringify(RECORD));
  const declared = new SharedDeclarations(memory.authority);
  const issued: string[] = [];
  const found: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const made = upload();
    const wrong = await issue(memory, declared, made);
    if (wrong) issued.push(made.key);
    if (wrong && wrong.length > 0) found.push({ ...made, wrong });
  }
  return { found, issued };
}

/** Where a forwarder may upload: mutations that are neither all refused nor all alike are issued at each of these keys. */
export const ISSUED_KEYS: readonly string[] = [
  'requests/prod/cp-1/u-1/kubelet-client.json',
  'requests/prod/cp-1/u-1/kubelet-serving.json',
  ...PATHS.map((path) => `requests/prod/csr/u-1/${path}`),
];
