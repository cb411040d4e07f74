/** Which nodes of adopted clusters are reported: those that have CA keys, and control planes that do not say. */
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ExpiryEntry } from '../../../lib/contract/expiry-key.ts';
import { MAX_REPORT_BYTES, nodeReportKey } from '../../../lib/contract/node-report.ts';
import { Fault } from '../../../lib/fault.ts';
import { findCaKeysOnNodes, type KnownClusters } from '../../../lib/node-reports/find-ca-keys.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { nodeReport } from '../../support/node-report.ts';

const NOW = new Date('2027-03-01T12:00:00Z');
const RULES = { graceDays: 14, reportDays: 7, mostReports: 100 };
const DAY_MS = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

const { record: RECORD } = parseClusterRecord({
  kubernetesVersion: 'v1.37.2',
  cluster: CLUSTER,
  trustDomain: TRUST_DOMAIN,
  nodes: [
    { name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' },
    { name: 'cp-new', addresses: ['10.0.0.2'], role: 'control-plane' },
    { name: 'worker-1', addresses: ['10.0.0.3'], role: 'worker' },
  ],
  nodeRules: [
    { namePattern: 'cp-auto-*', addressRanges: ['10.1.0.0/16'], role: 'control-plane' },
    { namePattern: 'worker-auto-*', addressRanges: ['10.1.0.0/16'], role: 'worker' },
  ],
});

const entry = (node: string, day = '2027-12-01'): ExpiryEntry => ({
  day,
  cluster: CLUSTER,
  node,
  certificateName: 'apiserver',
  requestId: 'r1',
  caVersion: 1,
  serialNumber: '01a0',
});

const OLD = { origin: 'adopted', since: daysAgo(15).toISOString() };
const SIGNING = { file: '/m.yaml', flags: ['cluster-signing-key-file=/k'], signs: true };
const WITH_KEY = { caKeys: ['/etc/kubernetes/pki/ca.key'] };
const KEY_FOUND = 'CA keys: /etc/kubernetes/pki/ca.key';

/** A trust domain whose `ca` has this version, and a cluster with one control plane that has a certificate. */
async function world(version: object = OLD) {
  const memory = await InMemoryService.open();
  const { exchange, authority, document } = memory;
  exchange.now = () => NOW;
  const { ca } = document.cas;
  const cas = { ...document.cas, ca: { ...ca, versions: [{ ...ca.versions[0], ...version }] } };
  authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify({ ...document, cas }));
  const report = (node: string, more: object = {}, at = NOW) => {
    exchange.now = () => at;
    const text = JSON.stringify(nodeReport(CLUSTER, node, { at: at.toISOString(), ...more }));
    exchange.seed(nodeReportKey(CLUSTER, node), text);
  };
  report('cp-1');
  const known: KnownClusters = {
    records: new Map(RECORD && [[CLUSTER, RECORD]]),
    entries: [entry('cp-1')],
    now: NOW,
    today: '2027-03-01',
  };
  const find = (more: Partial<KnownClusters> = {}, rules = RULES, isLate = () => false) =>
    findCaKeysOnNodes(memory, { ...known, ...more }, rules, isLate);
  /** `node: what was found`, one a line. */
  const found = async (more?: Partial<KnownClusters>) =>
    (await find(more)).nodes.map(({ node, found }) => `${node}: ${found.join('; ')}`);
  return { memory, report, find, found };
}

type World = Awaited<ReturnType<typeof world>>;

it('nothing is found if every control plane reports that it has no keys', async () => {
  const { find } = await world();
  expect(await find()).toEqual({ nodes: [], unread: [] });
});

it.each<[string, (w: World) => void, string[]]>([
  ['a CA key', ({ report }) => report('cp-1', WITH_KEY), [`cp-1: ${KEY_FOUND}`]],
  [
    'a kube-controller-manager that signs',
    ({ report }) => report('cp-1', { signing: SIGNING }),
    ['cp-1: kube-controller-manager signs: cluster-signing-key-file=/k'],
  ],
  [
    'a kube-controller-manager that does not sign',
    ({ report }) => report('cp-1', { signing: { ...SIGNING, signs: false } }),
    [],
  ],
  ['a key on a worker', ({ report }) => report('worker-1', WITH_KEY), [`worker-1: ${KEY_FOUND}`]],
  [
    'a key on a worker that only a rule covers',
    ({ report }) => report('worker-auto-1', WITH_KEY),
    [`worker-auto-1: ${KEY_FOUND}`],
  ],
  [
    'a key on a control plane that has no certificate of the service yet',
    ({ report }) => report('cp-new', WITH_KEY),
    [`cp-new: ${KEY_FOUND}`],
  ],
  ['a key on a node without a record', ({ report }) => report('gone', WITH_KEY), []],
  ['an old report of a worker', ({ report }) => report('worker-1', {}, daysAgo(30)), []],
  [
    'an old report of a key on a worker',
    ({ report }) => report('worker-1', WITH_KEY, daysAgo(30)),
    [`worker-1: ${KEY_FOUND}`],
  ],
  ['a report of a control plane that is six days old', (w) => w.report('cp-1', {}, daysAgo(6)), []],
  [
    'a report of a control plane that is older than a week',
    ({ report }) => report('cp-1', {}, daysAgo(8)),
    ['cp-1: its last report is of 2027-02-21T12:00:00.000Z'],
  ],
  [
    'an old report that was written again',
    ({ report }) => report('cp-1', { at: '2026-01-01T00:00:00Z' }),
    ['cp-1: its last report is of 2026-01-01T00:00:00.000Z'],
  ],
  [
    'an old report of a control plane, with a time of the future in it',
    ({ report }) => report('cp-1', { at: '2999-01-01T00:00:00Z' }, daysAgo(8)),
    ['cp-1: its last report is of 2027-02-21T12:00:00.000Z'],
  ],
  [
    'no report of a control plane',
    ({ memory }) => void memory.exchange.objects.delete(nodeReportKey(CLUSTER, 'cp-1')),
    ['cp-1: it has written no report'],
  ],
  [
    'a report of another node in its place',
    ({ report }) => report('cp-1', { node: 'cp-2\u001b' }),
    [`cp-1: its report cannot be used: it is about node cp-2\\u001b of cluster ${CLUSTER}`],
  ],
  [
    'a report with an impossible time',
    ({ report }) => report('cp-1', { at: '2027-99-01T00:00:00Z' }),
    [expect.stringMatching(/^cp-1: its report cannot be used: .*at/)],
  ],
  [
    'a report that is too large',
    ({ report }) => report('cp-1', { by: 'x'.repeat(MAX_REPORT_BYTES) }),
    [expect.stringMatching(/^cp-1: its report cannot be used: .* bytes/)],
  ],
  [
    'more keys than a line names',
    ({ report }) => report('cp-1', { caKeys: ['/1', '/2', '/3', '/4', '/5'] }),
    ['cp-1: CA keys: /1, /2, /3 and 2 more'],
  ],
])('%s', async (_, write, expected) => {
  const opened = await world();
  write(opened);
  expect(await opened.found()).toEqual(expected);
});

it.each<[string, object, boolean]>([
  ['adopted 15 days ago', OLD, true],
  ['adopted 13 days ago', { origin: 'adopted', since: daysAgo(13).toISOString() }, false],
  [
    'adopted long ago, and ended by a rotation',
    { ...OLD, endedAt: daysAgo(1).toISOString() },
    false,
  ],
  ['adopted at an unknown time', { origin: 'adopted' }, true],
  ['made here', { since: daysAgo(100).toISOString() }, false],
  ['signed by an outside CA', { origin: 'subordinate', since: daysAgo(100).toISOString() }, false],
])('a CA that was %s: %j', async (_, version, isReported) => {
  const { report, found } = await world(version);
  report('cp-1', WITH_KEY);
  expect(await found()).toEqual(isReported ? [`cp-1: ${KEY_FOUND}`] : []);
});

describe('a control plane without a report', () => {
  it.each<[string, ExpiryEntry[], string[]]>([
    ['counts while it has a certificate', [entry('cp-new', '2027-03-01')], ['cp-new']],
    ['counts if only a rule covers it', [entry('cp-auto-1')], ['cp-auto-1']],
    ['does not count if its certificates have expired', [entry('cp-new', '2027-02-28')], []],
    ['does not count if the record does not name it', [entry('gone')], []],
    ['does not count if it is a worker', [entry('worker-1'), entry('worker-auto-1')], []],
  ])('%s', async (_, entries, expected) => {
    const { find } = await world();
    expect((await find({ entries })).nodes.map(({ node }) => node)).toEqual(expected);
  });
});

it.each<[string, (w: World) => Partial<KnownClusters>]>([
  [
    'a record that cannot be read',
    () => ({ records: new Map([[CLUSTER, new Fault('document-malformed', 'x')]]) }),
  ],
  [
    'a trust domain that does not exist',
    ({ memory }) => {
      memory.authority.objects.clear();
      return {};
    },
  ],
  [
    'a trust domain that cannot be read',
    ({ memory }) => {
      memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, '{}');
      return {};
    },
  ],
])('%s is reported by others', async (_, change) => {
  const opened = await world();
  opened.report('cp-1', WITH_KEY);
  expect(await opened.find(change(opened))).toEqual({ nodes: [], unread: [] });
});

it('a bucket that does not respond is a fault, and not a missing report', async () => {
  const { memory, find } = await world();
  memory.exchange.interrupt = (point) => {
    if (point === 'before get') throw new Fault('unavailable', 'unavailable: S3');
  };
  await expect(find()).rejects.toThrow('S3');
});

describe('of more reports than are read', () => {
  const crowd = async () => {
    const opened = await world();
    for (let i = 0; i < 300; i += 1) opened.report(`a-worker-${i}`);
    opened.report('cp-1', WITH_KEY);
    return opened;
  };

  it('those of control planes are read anyway, and the cluster is named', async () => {
    const { find } = await crowd();
    expect(await find()).toEqual({
      nodes: [{ cluster: CLUSTER, node: 'cp-1', found: [KEY_FOUND] }],
      unread: [CLUSTER],
    });
  });

  it('none is read when the run has to end, and the clusters are named', async () => {
    const { find, memory } = await crowd();
    expect(await find({}, RULES, () => true)).toEqual({ nodes: [], unread: [CLUSTER] });
    expect(memory.exchange.calls.filter(({ call }) => call === 'get')).toEqual([]);
  });

  it('a run that has to end keeps what it has found', async () => {
    const { memory, find, report } = await world();
    for (let i = 0; i < 50; i += 1) report(`worker-auto-${i}`);
    report('cp-1', WITH_KEY);
    const isLate = () => memory.exchange.calls.some(({ call }) => call === 'get');
    expect(await find({}, RULES, isLate)).toMatchObject({
      nodes: [{ node: 'cp-1' }],
      unread: [CLUSTER],
    });
  });
});
