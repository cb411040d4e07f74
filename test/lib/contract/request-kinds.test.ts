/** A kind of request is a row: a made-up third and fourth kind work by their rows and judges alone. */

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
import { JUDGES, type Judge, judgeOf } from '../../../lib/policy/judges.ts';
import { pathUnknown } from '../../../lib/policy/refusals.ts';
import { CERTIFICATE_NAMES, ISSUED_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { DEFAULT_RULE } from '../../../lib/trust-domain-rules.ts';
import * as csr from '../../support/csr-builder.ts';
import { clusterRecord } from '../../support/csr-builder-cluster.ts';
import { testKey } from '../../support/csr-builder-keys.ts';

/** CSRs of kubelets in JSON, below a reserved word or below the node itself. */
const forwarded: RequestKind = {
  name: 'forwarded',
  reservedWord: 'csr',
  suffix: '.json',
  certificates: new Map([
    ['kubelet-client.json', 'kubelet.conf'],
    ['user.json', 'user'],
  ]),
  unknownPath: { allowed: 'kubelet-client.json', fix: 'upload kubelet-client.json' },
  standingApprovals: [],
  beyondCa: 'shorten',
  expiryName: ({ commonName }) => commonName.replace(/^system:node:/, ''),
};
const { reservedWord: _, ...withoutWord } = forwarded;
const ofNode: RequestKind = {
  ...withoutWord,
  name: 'json-of-node',
  certificates: new Map([['kubelet-client.json', 'kubelet.conf']]),
};
const kinds: readonly RequestKind[] = [...REQUEST_KINDS, forwarded, ofNode];

/** Reads the CSR out of its JSON, and then judges it as a node's. */
const forwardedJudge: Judge = {
  read({ body }) {
    const { request } = JSON.parse(Buffer.from(body).toString('utf8')) as { request: string };
    return readRequest(Buffer.from(request, 'base64'));
  },
  judge(reading, context) {
    const { commonName = '' } = reading.seen.subject ?? {};
    const address = { ...context.address, node: forwarded.expiryName({ node: '', commonName }) };
    return JUDGES.node.judge(reading, { ...context, address });
  },
};
const judges = { ...JUDGES, forwarded: forwardedJudge, 'json-of-node': forwardedJudge };

const at = (path: string) => {
  const address = parseRequestKey(`requests/prod/${path}`);
  if (!address) throw new Error(`${path} is not the path of a request`);
  return address;
};

it.each([
  ['csr/0a1b/kubelet-client.json', 'forwarded', 'kubelet.conf'],
  ['csr/0a1b.2/user.json', 'forwarded', 'user'],
  ['csr/0a1b/admin.conf.json', 'forwarded', undefined],
  ['csr/0a1b/kubelet.conf.csr', undefined, undefined],
  ['w-1/0a1b/kubelet-client.json', 'json-of-node', 'kubelet.conf'],
  ['w-1/0a1b/user.json', 'json-of-node', undefined],
  ['w-1/r1/kubelet.conf.csr', 'node', 'kubelet.conf'],
  ['w-1/r1/kubelet-client.csr', 'node', undefined],
  ['w-1/r1/user.csr', 'node', undefined],
  ['users/u1/user.csr', 'user', 'user'],
  ['users/u1/user.json', undefined, undefined],
  ['w-1/r1/admin.conf', undefined, undefined],
])('%s is a request of kind %s for %s', (path, kind, certificateName) => {
  expect(requestKindOf(at(path), kinds)?.name).toBe(kind);
  expect(issuedNameOf(at(path), kinds)).toBe(certificateName);
});

it('without its row, an object of the third kind is not a request', () => {
  expect(requestKindOf(at('w-1/0a1b/kubelet-client.json'))).toBeUndefined();
});

it('outcomes of the third kind have no suffix, and their requests can be derived from them', () => {
  const address = at('csr/0a1b/kubelet-client.json');
  const keys = outcomeKeys(address, kinds);
  expect(keys.certificate).toBe('certificates/prod/csr/0a1b/kubelet-client.crt');
  expect(requestKeyOfOutcome(keys.pending, 'pending', kinds)).toBe(address.key);
});

// kubelet-client.json and kubelet-client.csr of one node would have the same name without suffix
it('objects under one request id never share an outcome, and each can be derived from its outcome', () => {
  const files = ['kubelet-client.json', 'kubelet-client.csr', 'kubelet-client', 'x.json', 'x.csr'];
  const addresses = files.flatMap((file) => [at(`w-1/r1/${file}`), at(`csr/r1/${file}`)]);
  const rejections = addresses.map((address) => outcomeKeys(address, kinds).rejected);
  expect(new Set(rejections).size).toBe(addresses.length);
  expect(rejections.map((key) => requestKeyOfOutcome(key, 'rejected', kinds))).toEqual(
    addresses.map(({ key }) => key),
  );
});

it('the reserved words are those of the rows', () => {
  expect(reservedWordsOf(kinds)).toEqual(['users', 'csr']);
  expect(RESERVED_NODE_NAMES).toEqual(['users', 'csr']);
  expect(REQUEST_SUFFIXES).toEqual(['.csr']);
});

it.each([
  ['cp-1.prod.example.com', true],
  ['users', false],
  ['Users', false],
  ['users.example.com', true],
  ['n'.repeat(52), true],
  ['n'.repeat(53), false],
  ['', false],
])('whether %j is the name of a node: %s', (name, holds) => {
  expect(isNodeName(name)).toBe(holds);
});

it("the third kind's judge creates the plan", () => {
  const subject = csr.name(
    [csr.O, csr.utf8('system:nodes')],
    [csr.CN, csr.utf8('system:node:cp-1')],
  );
  const der = csr.buildCsr({ key: testKey('p-256'), subject });
  const body = Buffer.from(JSON.stringify({ request: Buffer.from(der).toString('base64') }));
  const upload = { body, metadata: {} };
  const address = at('csr/0a1b/kubelet-client.json');
  const certificateName = issuedNameOf(address, kinds);
  if (!certificateName) throw new Error('not a request');
  const judge = judgeOf(requestKindOf(address, kinds) ?? forwarded, judges);
  const context = {
    address,
    certificateName,
    record: clusterRecord(),
    uploader: undefined,
    upload,
    maxValiditySeconds: DEFAULT_RULE.maxValiditySeconds,
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
  expect(pathUnknown(forwarded, 'x.json')).toMatchObject({
    code: 'certificate-name-unknown',
    got: 'x.json',
    allowed: 'kubelet-client.json',
  });
});

it('a kind without a judge is a bug', () => {
  expect(() => judgeOf(forwarded)).toThrow('requests of kind forwarded have no judge');
});

it('every certificate name is issued by some kind, and users have no standing approvals', () => {
  const issued = REQUEST_KINDS.flatMap(({ certificates }) => [...certificates.values()]);
  expect([...new Set<string>(issued)].sort()).toEqual([...ISSUED_NAMES].sort());
  expect(ISSUED_NAMES.filter(mayStand)).toEqual(
    CERTIFICATE_NAMES.filter((name) => name !== 'super-admin.conf'),
  );
});

it('the expiry index has users under their reserved word, and nodes under their names', () => {
  const issued = { node: 'users', commonName: 'jane' };
  expect(REQUEST_KINDS.map(({ expiryName }) => expiryName(issued))).toEqual(['users', 'users']);
});
