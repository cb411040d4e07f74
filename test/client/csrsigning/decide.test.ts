/** What is done with a CSR, as a table. */
import type { CsrFacts, CsrState } from '../../../client/csrsigning/csr-facts.ts';
import { readFacts } from '../../../client/csrsigning/csr-facts.ts';
import { type ApiNode, decide, decideByNode } from '../../../client/csrsigning/decide.ts';
import { signerOf } from '../../../lib/certificates-api/signers.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, USER_SIGNER } from './certificates.ts';

type Who = 'the node itself' | 'a bootstrap token' | 'a person';

function facts(signerName: string, state: CsrState, who: Who, nodeName = 'w-1'): CsrFacts {
  const signer = signerOf(signerName);
  if (!signer) throw new Error(signerName);
  const isForNode = signerName !== USER_SIGNER;
  return {
    uid: 'u',
    name: 'csr-1',
    signer,
    commonName: isForNode ? `system:node:${nodeName}` : 'jane',
    nodeName: isForNode ? nodeName : undefined,
    username: who === 'the node itself' ? `system:node:${nodeName}` : who,
    isByNode: isForNode && who === 'the node itself',
    createdMs: 0,
    state,
  };
}

const OWN = 'cp-1';

it.each<[signer: string, state: CsrState, who: Who, node: string, decision: string]>([
  [CLIENT_SIGNER, 'pending', 'the node itself', 'w-1', 'leave not-approved'],
  [CLIENT_SIGNER, 'pending', 'a bootstrap token', 'w-1', 'leave not-approved'],
  [CLIENT_SIGNER, 'approved', 'the node itself', 'w-1', 'csr role'],
  [CLIENT_SIGNER, 'approved', 'a bootstrap token', 'w-1', 'csr exists'],
  [CLIENT_SIGNER, 'approved', 'the node itself', OWN, 'own none'],
  [CLIENT_SIGNER, 'approved', 'a bootstrap token', OWN, 'csr exists'],
  [CLIENT_SIGNER, 'approved', 'a person', OWN, 'csr exists'],
  [CLIENT_SIGNER, 'denied', 'the node itself', 'w-1', 'leave denied'],
  [CLIENT_SIGNER, 'failed', 'the node itself', 'w-1', 'leave failed'],
  [CLIENT_SIGNER, 'issued', 'the node itself', 'w-1', 'leave issued'],
  [SERVING_SIGNER, 'pending', 'the node itself', 'w-1', 'csr addresses'],
  [SERVING_SIGNER, 'approved', 'the node itself', 'w-1', 'csr addresses'],
  [SERVING_SIGNER, 'pending', 'the node itself', OWN, 'own addresses'],
  [SERVING_SIGNER, 'pending', 'a bootstrap token', OWN, 'csr exists'],
  [SERVING_SIGNER, 'denied', 'the node itself', 'w-1', 'leave denied'],
  [SERVING_SIGNER, 'issued', 'the node itself', 'w-1', 'leave issued'],
  [USER_SIGNER, 'pending', 'a person', '', 'leave not-approved'],
  [USER_SIGNER, 'approved', 'a person', '', 'csr none'],
  [USER_SIGNER, 'failed', 'a person', '', 'leave failed'],
])('%s, %s, by %s, for %j: %s', (signer, state, who, node, expected) => {
  const decision = decide(facts(signer, state, who, node), true, OWN);
  expect(
    decision.action === 'leave' ? `leave ${decision.because}` : `${decision.below} ${decision.ask}`,
  ).toBe(expected);
});

it('an older CSR of a kubelet is left, an older one of a person is not', () => {
  const older = (signer: string, who: Who) => decide(facts(signer, 'approved', who), false, OWN);
  expect(older(CLIENT_SIGNER, 'the node itself')).toEqual({
    action: 'leave',
    because: 'superseded',
  });
  expect(older(USER_SIGNER, 'a person').action).toBe('forward');
});

it('without an own node, nothing goes below a node', () => {
  const decision = decide(
    facts(CLIENT_SIGNER, 'approved', 'the node itself', OWN),
    true,
    undefined,
  );
  expect(decision).toMatchObject({ below: 'csr' });
});

const worker: ApiNode = { metadata: { labels: {} }, status: { addresses: [{ address: 'x' }] } };
const labeled = (label: string): ApiNode => ({ ...worker, metadata: { labels: { [label]: '' } } });
const controlPlane = labeled('node-role.kubernetes.io/control-plane');

it.each<
  [
    below: 'own' | 'csr',
    ask: 'none' | 'exists' | 'role' | 'addresses',
    node: ApiNode | undefined,
    answer: string,
  ]
>([
  ['csr', 'none', undefined, 'forward'],
  ['csr', 'exists', undefined, 'forward'],
  ['csr', 'exists', controlPlane, 'forward'],
  ['csr', 'role', undefined, 'forward'],
  ['csr', 'role', worker, 'forward'],
  ['csr', 'role', controlPlane, 'leave-to-its-forwarder'],
  ['csr', 'role', labeled('node-role.kubernetes.io/master'), 'leave-to-its-forwarder'],
  ['csr', 'addresses', undefined, 'wait'],
  ['csr', 'addresses', { status: {} }, 'wait'],
  ['csr', 'addresses', worker, 'forward'],
  ['csr', 'addresses', controlPlane, 'leave-to-its-forwarder'],
  ['own', 'addresses', { ...controlPlane, status: { addresses: [] } }, 'wait'],
  ['own', 'addresses', controlPlane, 'forward'],
])('below %s, asked for %s, with the Node %j: %s', (below, ask, node, answer) => {
  expect(decideByNode({ below, ask }, node)).toBe(answer);
});

describe('the facts of a CSR', () => {
  const read = (commonName: string, username: string, groups: string[], uid = 'u-1') =>
    readFacts({
      metadata: { name: 'csr-1', uid, creationTimestamp: '2026-11-24T12:00:00Z' },
      spec: {
        request: Buffer.from(csrPem({ commonName })).toString('base64'),
        signerName: CLIENT_SIGNER,
        username,
        groups,
      },
    });

  it.each<
    [
      commonName: string,
      username: string,
      groups: string[],
      nodeName: string | undefined,
      isByNode: boolean,
    ]
  >([
    ['system:node:w-1', 'system:node:w-1', ['system:nodes'], 'w-1', true],
    ['system:node:w-1', 'system:node:w-2', ['system:nodes'], 'w-1', false],
    ['system:node:w-1', 'system:node:w-1', [], 'w-1', false],
    ['system:node:w-1', 'system:bootstrap:abcdef', ['system:bootstrappers'], 'w-1', false],
    ['system:node:', 'system:node:', ['system:nodes'], undefined, false],
    ['system:node:W-1', 'system:node:W-1', ['system:nodes'], undefined, false],
    ['system:node:w/../cp-1', 'x', [], undefined, false],
    ['jane', 'jane', [], undefined, false],
  ])('%s by %s in %j', (commonName, username, groups, nodeName, isByNode) => {
    expect(read(commonName, username, groups)).toMatchObject({ commonName, isByNode, nodeName });
  });

  it.each(['', 'a/b', 'a.2', '../x', 'A'])(
    'a uid %j that cannot be a request id is ignored',
    (uid) => {
      expect(read('system:node:w-1', 'x', [], uid)).toBeUndefined();
    },
  );

  it('a CSR is ignored if its name is too long to be remembered', () => {
    const named = (name: string) =>
      readFacts({ metadata: { name, uid: 'u' }, spec: { signerName: CLIENT_SIGNER } });
    expect(named('x'.repeat(253))).toBeDefined();
    expect(named('x'.repeat(254))).toBeUndefined();
  });

  it('a CSR that cannot be read is forwarded: the service says why', () => {
    const metadata = { name: 'x', uid: 'u', creationTimestamp: '' };
    const read = readFacts({ metadata, spec: { signerName: CLIENT_SIGNER, request: '!!' } });
    expect(read).toMatchObject({ nodeName: undefined, isByNode: false, username: '' });
  });
});
