/** A kind of request is a row: two made-up kinds work by their rows and judges alone. */

import {
  issuedNameOf,
  outcomeKeys,
  parseRequestKey,
  requestKeyOfOutcome,
  requestKindOf,
} from '../../../lib/contract/request-key.ts';
import {
  isNodeName,
  mayStand,
  REQUEST_KINDS,
  REQUEST_SUFFIXES,
  RESERVED_NODE_NAMES,
  type RequestKind,
  reservedWordsOf,
} from '../../../lib/contract/request-kinds.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { type Judge, judgeOf } from '../../../lib/policy/judge.ts';
import { JUDGES } from '../../../lib/policy/judges.ts';
import { NODE_JUDGE } from '../../../lib/policy/node-judge.ts';
import { pathUnknown } from '../../../lib/policy/refusals.ts';
import { CERTIFICATE_NAMES, ISSUED_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { DEFAULT_RULE } from '../../../lib/trust-domain-rules.ts';
import * as csr from '../../support/csr-builder.ts';
import { clusterRecord } from '../../support/csr-builder-cluster.ts';
import { testKey } from '../../support/csr-builder-keys.ts';

/** CSRs in another form, below a reserved word or below the node itself. */
const forwarded: RequestKind = {
  name: 'forwarded',
  reservedWord: 'pods',
  suffix: '.yaml',
  certificates: new Map([
    ['kubelet-client.yaml', 'kubelet.conf'],
    ['user.yaml', 'user'],
  ]),
  unknownPath: { allowed: 'kubelet-client.yaml', fix: 'upload kubelet-client.yaml' },
  standingApprovals: [],
  beyondCa: 'shorten',
  expiryName: ({ commonName }) => commonName.replace(/^system:node:/, ''),
};
const { reservedWord: _, ...withoutWord } = forwarded;
const ofNode: RequestKind = {
  ...withoutWord,
  name: 'yaml-of-node',
  certificates: new Map([['kubelet-client.yaml', 'kubelet.conf']]),
};
const kinds: readonly RequestKind[] = [...REQUEST_KINDS, forwarded, ofNode];

/** Reads the CSR out of its envelope, and then judges it as a node's. */
const forwardedJudge: Judge = {
  read({ body }) {
    const { request } = JSON.parse(Buffer.from(body).toString('utf8')) as { request: string };
    return readRequest(Buffer.from(request, 'base64'));
  },
  judge(reading, context) {
    const { commonName = '' } = reading.seen.subject ?? {};
    const address = { ...context.address, node: forwarded.expiryName({ node: '', commonName }) };
    return NODE_JUDGE.judge(reading, { ...context, address });
  },
};
const judges = {
  ...JUDGES,
  forwarded: () => forwardedJudge,
  'yaml-of-node': () => forwardedJudge,
};

const at = (path: string) => {
  const address = parseRequestKey(`requests/prod/${path}`);
  if (!address) throw new Error(`${path} is not the path of a request`);
  return address;
};

it.each([
  ['pods/0a1b/kubelet-client.yaml', 'forwarded', 'kubelet.conf'],
  ['pods/0a1b.2/user.yaml', 'forwarded', 'user'],
  ['pods/0a1b/admin.conf.yaml', 'forwarded', undefined],
  ['pods/0a1b/kubelet.conf.csr', undefined, undefined],
  ['w-1/0a1b/kubelet-client.yaml', 'yaml-of-node', 'kubelet.conf'],
  ['w-1/0a1b/user.yaml', 'yaml-of-node', undefined],
  ['w-1/r1/kubelet.conf.csr', 'node', 'kubelet.conf'],
  ['w-1/r1/kubelet-client.csr', 'node', undefined],
  ['w-1/r1/user.csr', 'node', undefined],
  ['users/u1/user.csr', 'user', 'user'],
  ['users/u1/user.yaml', undefined, undefined],
  ['w-1/r1/admin.conf', undefined, undefined],
])('%s is a request of kind %s for %s', (path, kind, certificateName) => {
  expect(requestKindOf(at(path), kinds)?.name).toBe(kind);
  expect(issuedNameOf(at(path), kinds)).toBe(certificateName);
});

it.each([
  ['csr/0a1b/kubelet-client.json', 'csr', 'kubelet-client'],
  ['csr/0a1b.2/kubelet-serving.json', 'csr', 'kubelet-serving'],
  ['csr/0a1b/user.json', 'csr', 'user'],
  ['csr/0a1b/kubelet.conf.csr', undefined, undefined],
  ['cp-1/0a1b/kubelet-client.json', 'kubelet', 'kubelet-client'],
  ['cp-1/0a1b/kubelet-serving.json', 'kubelet', 'kubelet-serving'],
  ['cp-1/0a1b/user.json', 'kubelet', undefined],
  ['users/0a1b/user.json', undefined, undefined],
])('%s is a CSR of the certificates API of kind %s for %s', (path, kind, certificateName) => {
  expect(requestKindOf(at(path))?.name).toBe(kind);
  expect(issuedNameOf(at(path))).toBe(certificateName);
  const { certificate, rejected } = outcomeKeys(at(path));
  if (certificateName)
    expect(certificate).toBe(`certificates/prod/${path.replace(/\.json$/, '')}.crt`);
  expect(requestKeyOfOutcome(rejected, 'rejected')).toBe(`requests/prod/${path}`);
});

it('without its row, an object of the third kind is not a request', () => {
  expect(requestKindOf(at('w-1/0a1b/kubelet-client.yaml'))).toBeUndefined();
});

it('outcomes of the third kind have no suffix, and their requests can be derived from them', () => {
  const address = at('pods/0a1b/kubelet-client.yaml');
  const keys = outcomeKeys(address, kinds);
  expect(keys.certificate).toBe('certificates/prod/pods/0a1b/kubelet-client.crt');
  expect(requestKeyOfOutcome(keys.pending, 'pending', kinds)).toBe(address.key);
});

// kubelet-client.yaml and kubelet-client.csr of one node would have the same name without suffix
it('objects under one request id never share an outcome, and each can be derived from its outcome', () => {
  const files = ['kubelet-client.yaml', 'kubelet-client.csr', 'kubelet-client', 'x.yaml', 'x.csr'];
  const addresses = files.flatMap((file) => [at(`w-1/r1/${file}`), at(`pods/r1/${file}`)]);
  const rejections = addresses.map((address) => outcomeKeys(address, kinds).rejected);
  expect(new Set(rejections).size).toBe(addresses.length);
  expect(rejections.map((key) => requestKeyOfOutcome(key, 'rejected', kinds))).toEqual(
    addresses.map(({ key }) => key),
  );
});

it('the reserved words are those of the rows', () => {
  expect(reservedWordsOf(kinds)).toEqual(['users', 'csr', 'pods']);
  expect(RESERVED_NODE_NAMES).toEqual(['users', 'csr']);
  expect(REQUEST_SUFFIXES).toEqual(['.csr', '.json']);
});

it.each([
  ['cp-1.prod.example.com', true],
  ['users', false],
  ['csr', false],
  ['Users', false],
  ['users.example.com', true],
  ['n'.repeat(52), true],
  ['n'.repeat(53), false],
  ['', false],
])('whether %j is the name of a node: %s', (name, holds) => {
  expect(isNodeName(name)).toBe(holds);
});

it("the third kind's judge creates the plan", async () => {
  const subject = csr.name(
    [csr.O, csr.utf8('system:nodes')],
    [csr.CN, csr.utf8('system:node:cp-1')],
  );
  const der = csr.buildCsr({ key: testKey('p-256'), subject });
  const body = Buffer.from(JSON.stringify({ request: Buffer.from(der).toString('base64') }));
  const upload = { body, metadata: {} };
  const address = at('pods/0a1b/kubelet-client.yaml');
  const certificateName = issuedNameOf(address, kinds);
  if (!certificateName) throw new Error('not a request');
  const judge = await judgeOf(requestKindOf(address, kinds) ?? forwarded, judges);
  const context = {
    address,
    certificateName,
    record: clusterRecord(),
    uploader: undefined,
    upload,
    maxValiditySeconds: DEFAULT_RULE.maxValiditySeconds,
    domain: undefined,
  };
  const { plan, violations } = judge.judge(judge.read(upload), context);
  expect(violations).toEqual([]);
  expect(plan).toMatchObject({
    certificateName: 'kubelet.conf',
    subject: { commonName: 'system:node:cp-1' },
  });
  expect(forwarded.expiryName({ node: 'csr', commonName: plan?.subject.commonName ?? '' })).toBe(
    'cp-1',
  );
});

it('an unknown path is refused with the message of its kind', () => {
  expect(pathUnknown(forwarded, 'x.yaml')).toMatchObject({
    code: 'certificate-name-unknown',
    got: 'x.yaml',
    allowed: 'kubelet-client.yaml',
  });
});

it('a kind without a judge is a bug', async () => {
  await expect(judgeOf(forwarded, JUDGES)).rejects.toThrow(
    'requests of kind forwarded have no judge',
  );
});

it('every certificate name is issued by some kind, and users have no standing approvals', () => {
  const issued = REQUEST_KINDS.flatMap(({ certificates }) => [...certificates.values()]);
  expect([...new Set<string>(issued)].sort()).toEqual([...ISSUED_NAMES].sort());
  expect(ISSUED_NAMES.filter(mayStand)).toEqual(
    CERTIFICATE_NAMES.filter((name) => name !== 'super-admin.conf'),
  );
});

it.each([
  ['node', 'cp-1', 'kube-apiserver', 'cp-1'],
  ['user', 'users', 'jane', 'users'],
  ['kubelet', 'cp-1', 'system:node:cp-1', 'cp-1'],
  ['csr', 'csr', 'system:node:w-1', 'w-1'],
  ['csr', 'csr', 'jane', 'users'],
])(
  'the expiry index has a certificate of kind %s below %s for %s under %s',
  (name, node, commonName, under) => {
    const kind = REQUEST_KINDS.find((one) => one.name === name);
    expect(kind?.expiryName({ node, commonName })).toBe(under);
  },
);
