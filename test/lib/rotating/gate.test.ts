/** What each change of phase of a rotation waits for, and what it says about what is missing. */
import { clusterReportKey } from '../../../lib/contract/cluster-report.ts';
import { nodeReportKey } from '../../../lib/contract/node-report.ts';
import { type Asked, daysAgo, type Gate, RotatingFleet } from '../../support/rotating-fleet.ts';

const GATES: readonly Gate[] = ['start', 'issue', 'retire', 'end', 'back to trust', 'take back'];
const CAS = ['ca', 'etcd-ca', 'front-proxy-ca'] as const;

it.each(GATES.flatMap((gate) => CAS.map((ca) => [gate, ca] as const)))(
  'nothing is missing for %s of %s if all evidence is there',
  async (gate, ca) => {
    const fleet = await RotatingFleet.open({ gate, ca });
    expect(await fleet.missing()).toEqual([]);
  },
);

it('nothing is missing for issue without a cross certificate if all evidence is there', async () => {
  expect(await (await RotatingFleet.open({ gate: 'issue', cross: false })).missing()).toEqual([]);
});

type Change = (fleet: RotatingFleet) => void;
type Case = [name: string, asked: Asked | Gate, change: Change, missing: string[]];

const withRotation = (fleet: RotatingFleet, node: string, more: object) =>
  fleet.reportNode(node, { rotation: { ...fleet.nodeReport(node).rotation, ...more } });
const withHolder = (fleet: RotatingFleet, holder: object) =>
  fleet.reportCluster('prod', { holders: [...fleet.clusterReport().holders, holder] });
const withObject = (fleet: RotatingFleet, name: string, more: object) =>
  fleet.reportCluster('prod', {
    nodes: [...fleet.clusterReport().nodes, { name, ready: true }].map((node) =>
      node.name === name ? { ...node, ...more } : node,
    ),
  });
const silence = (fleet: RotatingFleet, node: string) =>
  fleet.exchange.objects.delete(nodeReportKey('prod', node));
const holdingNew = ({ newSha256 }: RotatingFleet) => ({
  caFile: [newSha256],
  kubeconfig: [newSha256],
});
const hold = (sha256: string[]) => ({ file: '/etc/kubernetes/pki/ca.crt', sha256 });

const HEARD: Case[] = [
  [
    'a node has written no report',
    'retire',
    (fleet) => silence(fleet, 'cp-1'),
    ['prod/node/cp-1: it has written no report'],
  ],
  [
    'the report of a node is older than eight days',
    'start',
    (fleet) => fleet.reportNode('cp-1', {}, { at: daysAgo(9) }),
    ['prod/node/cp-1: its last report is of 2027-02-20T12:00:00.000Z'],
  ],
  [
    'a node says that its old report is new',
    'start',
    (fleet) => fleet.reportNode('cp-1', { at: '2027-03-01T12:00:00Z' }, { at: daysAgo(9) }),
    ['prod/node/cp-1: its last report is of 2027-02-20T12:00:00.000Z'],
  ],
  [
    'the report of a node is malformed',
    'issue',
    (fleet) => fleet.exchange.seed(nodeReportKey('prod', 'cp-1'), '{"cluster":1}'),
    [
      'prod/node/cp-1: its report cannot be used: reports/prod/nodes/cp-1.json: cluster: must be of type string',
    ],
  ],
  [
    'the report of a node is about another node',
    'issue',
    (fleet) => fleet.reportNode('cp-1', { node: 'cp-2' }),
    ['prod/node/cp-1: its report cannot be used: it is about node cp-2 of cluster prod'],
  ],
  [
    'a node has not seen the last change',
    'issue',
    (fleet) => withRotation(fleet, 'cp-1', { sequence: 2 }),
    ['prod/node/cp-1: its report has not seen the last change of the rotation: 2, not 3'],
  ],
  [
    'a node claims to have seen a change that has not happened',
    'issue',
    (fleet) => withRotation(fleet, 'cp-1', { sequence: 9 }),
    [
      'prod/node/cp-1: its report claims to have seen change 9 of the rotation, whose last one is 3',
    ],
  ],
  [
    'a node runs a release that knows no rotations',
    'issue',
    (fleet) => fleet.reportNode('cp-1', { rotation: undefined }),
    ['prod/node/cp-1: its report says nothing about the rotation, whose last change is 3'],
  ],
  [
    'a node that the record does not name has an unexpired certificate',
    'retire',
    (fleet) => fleet.issue('auto-1', 'kubelet.conf', 2),
    ['prod/node/auto-1: it has written no report'],
  ],
  [
    'such a node got its certificate long ago, and the cluster has no Node object for it',
    'retire',
    (fleet) => fleet.issue('auto-1', 'kubelet.conf', 1, { at: daysAgo(8) }),
    [],
  ],
  [
    'such a node may be gone, and the forwarder does not say',
    'retire',
    (fleet) => {
      fleet.issue('auto-1', 'kubelet.conf', 2, { at: daysAgo(8) });
      fleet.reportCluster('prod', {}, daysAgo(9));
    },
    [
      'prod/report/cluster: the last report about the cluster is of 2027-02-20T12:00:00.000Z',
      'prod/node/auto-1: it has written no report',
    ],
  ],
  [
    'a node has only a Node object, without an annotation',
    'retire',
    (fleet) => withObject(fleet, 'worker-9', {}),
    ['prod/node/worker-9: it writes no report, and its Node object has no annotation of Cakeless'],
  ],
  [
    'a record cannot be read',
    'start',
    (fleet) => fleet.authority.seed('clusters/broken.json', 'x'),
    [
      'broken/record/cluster: it is unknown whether the cluster is of this trust domain: clusters/broken.json: not JSON',
    ],
  ],
  [
    'a cluster without a record has an unexpired certificate',
    'start',
    (fleet) => fleet.issue('cp-1', 'apiserver', 1, { cluster: 'removed' }),
    [
      'removed/record/cluster: it is unknown whether the cluster is of this trust domain: it has certificates that have not expired, and no cluster record',
    ],
  ],
  [
    'a worker is silent, and etcd-ca is rotated',
    { gate: 'retire', ca: 'etcd-ca' },
    (fleet) => silence(fleet, 'worker-1'),
    [],
  ],
  [
    'a worker is silent, and ca has a cross certificate',
    'issue',
    (fleet) => silence(fleet, 'worker-1'),
    [],
  ],
];

const START: Case[] = [
  [
    'a kube-controller-manager signs with ca',
    'start',
    (fleet) =>
      fleet.reportNode('cp-1', {
        signing: { file: '/m', flags: ['cluster-signing-key-file=/k'], signs: true },
      }),
    [
      'prod/node/cp-1: kube-controller-manager has flags to sign certificates, and would fail with two CAs in its CA file: cluster-signing-key-file=/k',
    ],
  ],
  [
    'a control plane does not say whether its kube-controller-manager signs',
    'start',
    (fleet) => fleet.reportNode('cp-1', { signing: undefined }),
    ['prod/node/cp-1: its report says nothing about the flags of kube-controller-manager'],
  ],
  [
    'a worker without AWS is not Ready',
    'start',
    (fleet) => {
      silence(fleet, 'worker-1');
      withObject(fleet, 'worker-1', { ready: false });
    },
    ['prod/node/worker-1: its Node object is not Ready'],
  ],
];

const TRUST: Case[] = [
  [
    'a CA file does not hold the new CA',
    'issue',
    (fleet) => fleet.reportNode('cp-1', { caFiles: [{ ca: 'ca', ...hold([fleet.oldSha256]) }] }),
    ['prod/node/cp-1: /etc/kubernetes/pki/ca.crt does not hold the new CA'],
  ],
  [
    'a CA file has lost the old CA, which still signs',
    'issue',
    (fleet) => fleet.reportNode('cp-1', { caFiles: [{ ca: 'ca', ...hold([fleet.newSha256]) }] }),
    ['prod/node/cp-1: /etc/kubernetes/pki/ca.crt does not hold the old CA, which still signs'],
  ],
  [
    'a kubeconfig does not hold the new CA',
    'issue',
    (fleet) =>
      fleet.reportNode('cp-1', { kubeconfigs: [{ file: '/a.conf', sha256: [fleet.oldSha256] }] }),
    ['prod/node/cp-1: /a.conf does not hold the new CA'],
  ],
  [
    'a report was too large, and has lost its lists',
    'issue',
    (fleet) => fleet.reportNode('cp-1', { caFiles: [], kubeconfigs: [] }),
    [
      'prod/node/cp-1: its report says nothing about its CA file for ca',
      'prod/node/cp-1: its report says nothing about its kubeconfigs',
    ],
  ],
  [
    'a component reads the file at its start, and has not started since',
    'issue',
    (fleet) =>
      withRotation(fleet, 'cp-1', {
        started: fleet
          .nodeReport('cp-1')
          .rotation?.started.map((one) =>
            one.component === 'kube-scheduler' ? { ...one, isSince: false } : one,
          ),
      }),
    [
      'prod/node/cp-1: kube-scheduler has not started since its CA files changed, and reads them only then',
    ],
  ],
  [
    'a node does not say when etcd started',
    { gate: 'issue', ca: 'etcd-ca' },
    (fleet) =>
      withRotation(fleet, 'cp-1', {
        started: fleet
          .nodeReport('cp-1')
          .rotation?.started.filter(({ component }) => component !== 'etcd'),
      }),
    ['prod/node/cp-1: its report does not say whether etcd has started since its CA files changed'],
  ],
  [
    'a server refused a probe',
    { gate: 'issue', ca: 'etcd-ca' },
    (fleet) =>
      withRotation(fleet, 'cp-1', {
        proved: [
          ...(fleet.nodeReport('cp-1').rotation?.proved ?? []),
          {
            component: 'etcd-peer',
            address: '10.0.0.2:2380',
            result: 'refused',
            at: daysAgo(1).toISOString(),
          },
        ],
      }),
    [
      'prod/node/cp-1: etcd-peer at 10.0.0.2:2380 refused a certificate of the new CA at 2027-02-28T12:00:00.000Z',
    ],
  ],
  [
    'a server was not reached by a probe',
    'issue',
    (fleet) =>
      withRotation(fleet, 'cp-1', {
        proved: fleet
          .nodeReport('cp-1')
          .rotation?.proved.map((one) =>
            one.component === 'kubelet' ? { ...one, result: 'unreachable' } : one,
          ),
      }),
    [
      'prod/node/cp-1: kubelet at 10.0.0.1:1 could not be reached for a probe at 2027-02-28T12:00:00.000Z',
    ],
  ],
  [
    'a proof is of an earlier rotation',
    { gate: 'issue', sinceDays: 0.5 },
    (fleet) => withRotation(fleet, 'cp-2', { proved: [] }),
    [1, 2, 3].flatMap((i) =>
      ['kube-apiserver', 'kubelet'].map(
        (component) =>
          `prod/node/cp-${i}: no probe has proved in this phase that ${component} accepts certificates of the new CA`,
      ),
    ),
  ],
  [
    'a node reports what it has not done',
    'issue',
    (fleet) => withRotation(fleet, 'cp-1', { left: ['etcd has no quorum'] }),
    ['prod/node/cp-1: the node reports: etcd has no quorum'],
  ],
  [
    'a control plane has no etcd',
    { gate: 'issue', ca: 'etcd-ca' },
    (fleet) => {
      fleet.authority.objects.clear();
      fleet.authority.seed(
        'clusters/prod.json',
        JSON.stringify({
          kubernetesVersion: 'v1.35.4',
          cluster: 'prod',
          trustDomain: 'fleet',
          nodes: [{ name: 'cp-1', role: 'control-plane', addresses: ['10.0.0.1'] }],
        }),
      );
      const { rotation } = fleet.nodeReport('cp-1');
      fleet.reportNode('cp-1', {
        versions: { cakeless: '0.0.0', components: [] },
        certificates: [],
        rotation: { ...rotation, proved: [] },
      });
    },
    [],
  ],
  [
    'no cross certificate exists, and a worker is silent',
    { gate: 'issue', cross: false },
    (fleet) => fleet.reportNode('worker-1', {}, { at: daysAgo(9) }),
    ['prod/node/worker-1: its last report is of 2027-02-20T12:00:00.000Z'],
  ],
  [
    'the old CA is compromised, and a namespace lacks the new one',
    { gate: 'issue', compromised: true },
    (fleet) => fleet.reportCluster('prod', { withoutRootCa: ['shop'] }),
    ['prod/namespace/shop: it has no ConfigMap kube-root-ca.crt'],
  ],
  [
    'no cross certificate exists, and the kubelet of a worker without AWS refused a probe',
    { gate: 'issue', cross: false },
    (fleet) => {
      silence(fleet, 'worker-1');
      const both = [fleet.newSha256, fleet.oldSha256];
      withObject(fleet, 'worker-1', {
        caFile: both,
        kubeconfig: both,
        restarted: true,
        acceptsNew: 'refused',
      });
    },
    ['prod/node/worker-1: its kubelet refused a certificate of the new CA'],
  ],
  [
    'no cross certificate exists, and a worker without AWS was not probed, and has an old kubeconfig',
    { gate: 'issue', cross: false },
    (fleet) => {
      silence(fleet, 'worker-1');
      const both = [fleet.newSha256, fleet.oldSha256];
      withObject(fleet, 'worker-1', { caFile: both, kubeconfig: [fleet.oldSha256] });
    },
    [
      'prod/node/worker-1: its kubeconfig does not hold the new CA',
      'prod/node/worker-1: its kubelet has not started since its CA files changed',
      'prod/node/worker-1: no probe has proved that its kubelet accepts certificates of the new CA',
    ],
  ],
];

const CLUSTER: Case[] = [
  [
    'no forwarder has written a report',
    'retire',
    (fleet) => fleet.exchange.objects.delete(clusterReportKey('prod')),
    ['prod/report/cluster: no forwarder has written a report about the cluster'],
  ],
  [
    'the report of a forwarder is about another cluster',
    'retire',
    (fleet) => fleet.reportCluster('prod', { cluster: 'other' }),
    ['prod/report/cluster: the report about the cluster cannot be used: it is about cluster other'],
  ],
  [
    'a Node object has a name that would be another key, and says that for no other node',
    'retire',
    (fleet) => withObject(fleet, '../cp-1', {}),
    ['prod/node/../cp-1: it writes no report, and its Node object has no annotation of Cakeless'],
  ],
  [
    'a Node object has a name that no node of Cakeless can have',
    'retire',
    (fleet) => withObject(fleet, 'v'.repeat(60), { ...holdingNew(fleet), restarted: true }),
    [],
  ],
  [
    'a lying forwarder reports a Node object with escape sequences in its name',
    'retire',
    (fleet) => withObject(fleet, '\u001b[2J', {}),
    [
      'prod/node/\\u001b[2J#05704e8a84c06017: it writes no report, and its Node object has no annotation of Cakeless',
    ],
  ],
  [
    'a forwarder has not seen the last change',
    'retire',
    (fleet) => fleet.reportCluster('prod', { sequence: 2 }),
    ['prod/report/cluster: its report has not seen the last change of the rotation: 2, not 3'],
  ],
  [
    'the report of a forwarder leaves something out',
    'retire',
    (fleet) => fleet.reportCluster('prod', { truncated: ['oldPods'] }),
    ['prod/report/cluster: its report is incomplete: oldPods'],
  ],
  [
    'a forwarder may not read Secrets: that is a note, as they follow kube-root-ca.crt',
    'retire',
    (fleet) => fleet.reportCluster('prod', { truncated: ['secrets'] }),
    [],
  ],
  [
    'the report of a forwarder does not mention what every cluster has',
    'retire',
    (fleet) => fleet.reportCluster('prod', { holders: [] }),
    [
      'prod/report/cluster: its report does not mention configmap/kube-system/extension-apiserver-authentication',
    ],
  ],
  [
    'a ConfigMap does not hold the new CA',
    'retire',
    (fleet) =>
      withHolder(fleet, {
        object: 'configmap/kube-public/kube-root-ca.crt',
        ca: 'ca',
        sha256: [fleet.oldSha256],
      }),
    ['prod/object/configmap/kube-public/kube-root-ca.crt: it does not hold the new CA'],
  ],
  [
    'a caBundle holds only the old CA',
    'retire',
    (fleet) => withHolder(fleet, { object: 'webhook/x', sha256: [fleet.oldSha256] }),
    ['prod/object/webhook/x: it holds the old CA, but not the new one'],
  ],
  [
    'an object is about another CA',
    'retire',
    (fleet) => withHolder(fleet, { object: 'x', ca: 'front-proxy-ca', sha256: [] }),
    [],
  ],
  [
    'pods started before the change',
    'retire',
    (fleet) =>
      fleet.reportCluster('prod', {
        oldPods: ['a', 'b'].map((pod) => ({
          namespace: 'shop',
          pod,
          owner: 'Deployment/cart',
          startedAt: '2027-01-01T00:00:00Z',
        })),
      }),
    [
      'prod/namespace/shop: pods started before kube-root-ca.crt had the new CA, and may not have read it again: a of Deployment/cart, b of Deployment/cart',
    ],
  ],
  [
    'an aggregated API server is not available',
    'retire',
    (fleet) => fleet.reportCluster('prod', { unavailable: ['v1beta1.metrics.k8s.io'] }),
    ['prod/apiservice/v1beta1.metrics.k8s.io: the APIService is not Available'],
  ],
];

const RETIRE: Case[] = [
  [
    'the phase issue has lasted for two days',
    { gate: 'retire', sinceDays: 2 },
    () => {},
    [
      'fleet/phase/issue: phase issue must last until 2027-03-06T12:00:00.000Z, so that every timer has run in it',
    ],
  ],
  [
    'the phase issue has lasted for two days, and the old CA is compromised',
    { gate: 'retire', sinceDays: 2, compromised: true },
    () => {},
    [],
  ],
  [
    'the newest certificate of a node is of the old CA',
    'retire',
    (fleet) => fleet.issue('cp-1', 'scheduler.conf', 1),
    [
      'prod/node/cp-1: its newest certificate scheduler.conf is of version 1, and valid until 2027-12-01',
    ],
  ],
  [
    'a certificate of the old CA was issued after that of the new one, when the rotation had gone back',
    'retire',
    (fleet) => fleet.issue('cp-1', 'apiserver', 1, { at: daysAgo(1) }),
    [
      'prod/node/cp-1: its newest certificate apiserver is of version 1, and valid until 2027-12-01',
    ],
  ],
  [
    'a replaced certificate of the old CA has not expired, and expires later than the new one',
    'retire',
    (fleet) => fleet.issue('cp-1', 'apiserver', 1, { at: daysAgo(20), day: '2028-01-01' }),
    [],
  ],
  [
    'a certificate was renewed, but is not in place',
    'retire',
    (fleet) =>
      fleet.reportNode('cp-1', {
        certificates: fleet
          .nodeReport('cp-1')
          .certificates.map((one) =>
            one.name === 'apiserver' ? { ...one, caSha256: fleet.oldSha256 } : one,
          ),
      }),
    ['prod/node/cp-1: the certificate apiserver in place is not of the new CA'],
  ],
  [
    'a certificate in place chains to no CA',
    'retire',
    (fleet) =>
      fleet.reportNode('cp-1', {
        certificates: fleet
          .nodeReport('cp-1')
          .certificates.map(({ caSha256, ...one }) =>
            one.name === 'apiserver' ? one : { ...one, caSha256 },
          ),
      }),
    ['prod/node/cp-1: the certificate apiserver in place chains to none of its CAs'],
  ],
  [
    'a certificate was renewed somewhere else, and the old one has not expired',
    'retire',
    (fleet) => {
      fleet.issue('cp-1', 'super-admin.conf', 1, { at: daysAgo(20) });
      fleet.issue('cp-1', 'super-admin.conf', 2);
    },
    [
      'prod/certificate/cp-1/super-admin.conf: super-admin.conf of cp-1 was renewed, but is not in place on the node',
    ],
  ],
  [
    'kube-apiserver does not serve the certificate in place',
    'retire',
    (fleet) =>
      fleet.reportNode('cp-1', {
        served: [{ component: 'kube-apiserver', sha256: 'a'.repeat(64), issuer: '' }],
      }),
    ['prod/node/cp-1: kube-apiserver does not serve the certificate apiserver in place'],
  ],
  [
    'etcd did not respond',
    { gate: 'retire', ca: 'etcd-ca' },
    (fleet) => fleet.reportNode('cp-1', { served: [] }),
    ['prod/node/cp-1: etcd did not respond when the node wrote its report'],
  ],
  [
    'a kubelet serves a certificate of the old CA',
    'retire',
    (fleet) => withObject(fleet, 'worker-1', { servedBy: fleet.oldSha256 }),
    ['prod/node/worker-1: its kubelet serves a certificate of the old CA'],
  ],
  [
    'the kubelet of a worker without AWS still has a client certificate of the old CA',
    'retire',
    (fleet) => {
      silence(fleet, 'worker-1');
      const both = [fleet.newSha256, fleet.oldSha256];
      withObject(fleet, 'worker-1', { caFile: both, kubeconfig: both, restarted: true });
      fleet.issue('worker-1', 'kubelet-client', 1, { at: daysAgo(1) });
    },
    [
      'prod/node/worker-1: its newest certificate kubelet.conf is of version 1, and valid until 2027-12-01',
    ],
  ],
  [
    'users have certificates of the old CA',
    'retire',
    (fleet) => fleet.issue('users', 'user', 1, { day: '2027-03-02' }),
    [
      'prod/user/all: user certificates of the old CA (version 1): 1; the last one expires on 2027-03-02',
    ],
  ],
  [
    'a certificate of the old CA has expired',
    'retire',
    (fleet) => fleet.issue('cp-1', 'scheduler.conf', 1, { day: '2027-02-28' }),
    [],
  ],
  [
    'a probe was refused in the phase before',
    'retire',
    (fleet) =>
      withRotation(fleet, 'worker-1', {
        proved: [
          {
            component: 'kubelet',
            address: '127.0.0.1:10250',
            result: 'refused',
            at: daysAgo(20).toISOString(),
          },
        ],
      }),
    [
      'prod/node/worker-1: kubelet at 127.0.0.1:10250 refused a certificate of the new CA at 2027-02-09T12:00:00.000Z',
    ],
  ],
];

const END: Case[] = [
  [
    'a CA file still holds the old CA',
    'end',
    (fleet) =>
      fleet.reportNode('cp-1', {
        caFiles: [{ ca: 'ca', ...hold([fleet.newSha256, fleet.oldSha256]) }],
      }),
    ['prod/node/cp-1: /etc/kubernetes/pki/ca.crt still holds the old CA'],
  ],
  [
    'API servers have kept the old CA where they only add',
    { gate: 'end', ca: 'front-proxy-ca' },
    (fleet) =>
      withHolder(fleet, {
        object: 'configmap/kube-system/extension-apiserver-authentication',
        ca: 'front-proxy-ca',
        sha256: [fleet.newSha256, fleet.oldSha256],
      }),
    [
      'prod/object/configmap/kube-system/extension-apiserver-authentication: it still holds the old CA',
    ],
  ],
  [
    'a caBundle holds both CAs',
    'end',
    (fleet) =>
      withHolder(fleet, { object: 'webhook/x', sha256: [fleet.newSha256, fleet.oldSha256] }),
    ['prod/object/webhook/x: it still holds the old CA'],
  ],
  [
    'a component has not started since the old CA was dropped',
    'end',
    (fleet) => withRotation(fleet, 'worker-1', { started: [] }),
    [
      'prod/node/worker-1: its report does not say whether kubelet has started since its CA files changed',
    ],
  ],
  [
    'a worker without AWS still holds the old CA',
    'end',
    (fleet) => {
      silence(fleet, 'worker-1');
      const both = [fleet.newSha256, fleet.oldSha256];
      withObject(fleet, 'worker-1', {
        caFile: [fleet.newSha256],
        kubeconfig: both,
        restarted: true,
      });
    },
    ['prod/node/worker-1: its kubeconfig still holds the old CA'],
  ],
];

const BACK: Case[] = [
  [
    'all nodes still trust the old CA',
    'back to trust',
    (fleet) => fleet.exchange.objects.clear(),
    [],
  ],
  [
    'a certificate of the new CA has not expired',
    'take back',
    (fleet) => fleet.issue('cp-1', 'apiserver', 2, { at: daysAgo(1) }),
    [
      'prod/node/cp-1: its certificate apiserver is of the new CA (version 2), and valid until 2027-12-01',
    ],
  ],
  [
    'a certificate of the new CA was replaced, and the node has the old one in place',
    'take back',
    (fleet) => fleet.issue('cp-1', 'apiserver', 2, { at: daysAgo(9) }),
    [],
  ],
  [
    'a certificate of the new CA was replaced, and the node does not say what is in place',
    'take back',
    (fleet) => {
      fleet.issue('cp-1', 'apiserver', 2, { at: daysAgo(9) });
      silence(fleet, 'cp-1');
    },
    [
      'prod/node/cp-1: its certificate apiserver is of the new CA (version 2), and valid until 2027-12-01',
    ],
  ],
  [
    'a probe certificate has not expired, which nothing needs to trust',
    'take back',
    (fleet) => fleet.issue('cp-1', 'probe-ca', 2, { day: '2027-03-01', at: daysAgo(0) }),
    [],
  ],
  [
    'a user has a certificate of the new CA',
    'take back',
    (fleet) => fleet.issue('users', 'user', 2),
    [
      'prod/user/all: user certificates of the new CA (version 2): 1; the last one expires on 2027-12-01',
    ],
  ],
];

describe.each([
  ['heard', HEARD],
  ['start', START],
  ['trust', TRUST],
  ['objects of the cluster', CLUSTER],
  ['retire', RETIRE],
  ['end', END],
  ['back', BACK],
])('%s', (_, cases) => {
  it.each(cases)('%s', async (_, asked, change, missing) => {
    const fleet = await RotatingFleet.open(typeof asked === 'string' ? { gate: asked } : asked);
    change(fleet);
    expect(await fleet.missing()).toEqual(missing);
  });
});

it('what a node or a forwarder lies about concerns its own cluster only', async () => {
  const fleet = await RotatingFleet.open({ gate: 'retire' }, ['prod', 'test']);
  const many = Array.from({ length: 1000 }, (_, i) => ({ name: `ghost-${i}`, ready: true }));
  fleet.reportCluster('test', { nodes: many, unavailable: ['prod/node/cp-1'] });
  fleet.reportNode('worker-1', { certificates: [] }, { cluster: 'test' });
  const { missing, progress } = await fleet.examine();
  expect(missing.length).toBeGreaterThan(1000);
  expect(missing.filter(({ subject }) => !subject.startsWith('test/'))).toEqual([]);
  expect(progress).toContainEqual({ what: 'clusters', done: 1, of: 2 });
});

it('a node with a forged number is not repaired by a renewal, and the hint says what does', async () => {
  const fleet = await RotatingFleet.open({ gate: 'issue' });
  withRotation(fleet, 'cp-1', { sequence: 9 });
  const [found] = (await fleet.examine()).missing;
  expect(found?.fix).toContain('remove the file that the warning of cakeless renew names');
});

it('a name that a node has invented is not part of a command that a person is to run', async () => {
  const fleet = await RotatingFleet.open({ gate: 'retire' });
  const { certificates } = fleet.nodeReport('worker-1');
  const invented = { ...certificates[0], name: 'all; \u202ereboot', caSha256: fleet.oldSha256 };
  fleet.reportNode('worker-1', { certificates: [...certificates, invented] });
  expect((await fleet.examine()).missing).toEqual([
    {
      subject: 'prod/node/worker-1',
      why: 'the certificate all; \\u202ereboot in place is not of the new CA',
      fix: 'run cakeless renew all on the node',
    },
  ]);
});

it.each([
  ['ahead of the rotation', 9, /^find out who can write to the exchange bucket/],
  ['late', 1, /^run cakeless renew all on the node/],
])('says what to do about a node that is %s', async (_, sequence, fix) => {
  const fleet = await RotatingFleet.open({ gate: 'issue' });
  withRotation(fleet, 'cp-1', { sequence });
  const { missing } = await fleet.examine();
  expect(missing.map((one) => one.fix)).toEqual([expect.stringMatching(fix)]);
});

it.each([
  ['that the old CA vouches for', false, /^run cakeless renew all on the node/],
  ['that nothing vouches for', true, /^run cakeless renew all --accept-ca-change on the node/],
])('says how a node accepts a new CA %s', async (_, compromised, fix) => {
  const fleet = await RotatingFleet.open({ gate: 'issue', compromised });
  fleet.reportNode('cp-1', { caFiles: [{ ca: 'ca', ...hold([fleet.oldSha256]) }] });
  const { missing } = await fleet.examine();
  expect(missing.map((one) => one.fix)).toEqual([expect.stringMatching(fix)]);
});

it('reports the progress, and what a person should know', async () => {
  const fleet = await RotatingFleet.open({ gate: 'retire' });
  fleet.issue('auto-1', 'kubelet.conf', 1, { at: daysAgo(8) });
  fleet.issue('cp-1', 'apiserver', 1, { at: daysAgo(20) });
  silence(fleet, 'cp-3');
  const { progress, notes } = await fleet.examine();
  expect(progress).toEqual([
    { what: 'control-plane nodes', done: 2, of: 3 },
    { what: 'workers', done: 2, of: 2 },
    { what: 'clusters', done: 0, of: 1 },
    { what: 'certificates', done: 11, of: 11 },
  ]);
  expect(notes).toEqual([
    'prod: node auto-1 counts as gone: it has no Node object and no entry in the cluster record; its last report or certificate: 2027-02-21T12:00:00.000Z',
    'prod: replaced certificates of the old CA (version 1) that have not expired: 1, the last one expires on 2027-12-01; copies of them stop working when nodes drop the old CA',
  ]);
});

it('the same evidence has the same digest, and other evidence another', async () => {
  const digest = async (change: Change = () => {}) => {
    const fleet = await RotatingFleet.open({ gate: 'retire' });
    change(fleet);
    return (await fleet.examine()).evidenceSha256;
  };
  expect(await digest()).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest()).toBe(await digest());
  expect(await digest((fleet) => silence(fleet, 'cp-1'))).not.toBe(await digest());
});
