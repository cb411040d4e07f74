/** What the forwarder does with CSRs, on an API server and a bucket in memory. The service is a stand-in here. */

import { FORWARDER_CALLS } from '../../../bench/cost/calls.ts';
import { KubeError } from '../../../client/kubernetes/kube-client.ts';
import { TooLarge } from '../../../client/kubernetes/response.ts';
import type { NewCsr } from './api-server.ts';
import { type CertificateOptions, csrPem, OTHER_KEY, TestCa } from './certificates.ts';
import {
  BOOTSTRAP,
  byNode,
  ca,
  clientCsr,
  eventsOf,
  flood,
  issue,
  newWorld,
  outcomesOf,
  reject,
  requestIds,
  requests,
  servingCsr,
  start,
  uidOf,
  userCsr,
  violation,
} from './forwarder.ts';
import { World } from './world.ts';

describe('which CSRs are forwarded', () => {
  it.each<[title: string, csr: NewCsr, more?: { ownNode?: string }]>([
    ['a client CSR that nobody approved', clientCsr('w-1', { isApproved: false })],
    ["a user's CSR that nobody approved", userCsr({ isApproved: false })],
    ['a CSR of another signer', clientCsr('w-1', { signerName: 'example.com/pod' })],
    [
      'a CSR of the legacy signer',
      clientCsr('w-1', { signerName: 'kubernetes.io/legacy-unknown' }),
    ],
  ])('%s is not touched', async (_, csr) => {
    const world = newWorld();
    issue(world);
    start(world);
    world.api.createCsr(csr);
    await world.advance(3600);
    expect(requests(world)).toEqual([]);
    expect(world.exchange.calls).toEqual([]);
    expect(world.api.calls.filter(({ call }) => ['patch', 'create'].includes(call))).toEqual([]);
  });

  it.each(['Denied', 'Failed'])('a CSR that is %s is not touched', async (type) => {
    const world = newWorld();
    issue(world);
    world.api.createCsr(clientCsr('w-1', { isApproved: type === 'Failed' }));
    world.api.addCondition('csr-w-1', type);
    start(world);
    await world.advance(3600);
    expect(world.exchange.calls).toEqual([]);
  });

  it.each<[title: string, csr: NewCsr, path: string]>([
    ['an approved client CSR of a node', clientCsr('w-1'), 'kubelet-client.json'],
    ['a serving CSR of a node', servingCsr('w-1'), 'kubelet-serving.json'],
    [
      'a serving CSR that a person approved',
      servingCsr('w-1', { isApproved: true }),
      'kubelet-serving.json',
    ],
    ['a client CSR of a bootstrap token', clientCsr('w-1', BOOTSTRAP), 'kubelet-client.json'],
    ['an approved CSR of a person', userCsr(), 'user.json'],
  ])('%s is issued', async (_, csr, path) => {
    const world = newWorld();
    issue(world);
    start(world);
    const { metadata } = world.api.createCsr(csr);
    await world.advance(5);
    expect(requestIds(world)).toEqual([`csr/${metadata.uid}/${path}`]);
    expect(world.api.certificate(csr.name)).toContain('BEGIN CERTIFICATE');
    expect(world.api.condition(csr.name, 'Approved')).toBeDefined();
    expect(eventsOf(world, 'CertificateIssued')).toMatchObject([
      { count: 1, involvedObject: { name: csr.name } },
    ]);
  });

  it('a client CSR is forwarded as soon as it is approved', async () => {
    const world = newWorld();
    issue(world);
    start(world);
    world.api.createCsr(clientCsr('w-1', { isApproved: false }));
    await world.advance(60);
    world.api.addCondition('csr-w-1', 'Approved');
    await world.advance(5);
    expect(world.api.certificate('csr-w-1')).toBeDefined();
  });

  it("the kubelet's own CSRs of a control plane go below its own prefix, by its own forwarder alone", async () => {
    const world = newWorld();
    for (const node of ['cp-1', 'cp-2']) world.api.addNode(node, { isControlPlane: true });
    issue(world);
    start(world, { ownNode: 'cp-1' });
    const { metadata } = world.api.createCsr(clientCsr('cp-1'));
    world.api.createCsr(clientCsr('cp-2'));
    await world.advance(600);
    expect(requestIds(world)).toEqual([`cp-1/${metadata.uid}/kubelet-client.json`]);
    expect(eventsOf(world, 'CertificatePending')[0]?.message).toMatch(
      /^cp-2 is a control plane: only the forwarder on that node/,
    );
  });

  it('what a bootstrap token asks in the name of a control plane does not go below its prefix', async () => {
    const world = newWorld();
    world.api.addNode('cp-1', { isControlPlane: true });
    reject(world, 'csr-place');
    start(world, { ownNode: 'cp-1' });
    const { metadata } = world.api.createCsr(clientCsr('cp-1', BOOTSTRAP));
    await world.advance(30);
    expect(requestIds(world)).toEqual([`csr/${metadata.uid}/kubelet-client.json`]);
    expect(world.api.csr('csr-cp-1')?.metadata.annotations?.['cakeless.io/refused']).toMatch(
      /^kubelet-client: csr-place: /,
    );
  });

  it('of one kubelet, only the newest CSR is forwarded', async () => {
    const world = newWorld();
    issue(world);
    for (let i = 0; i < 50; i += 1) {
      world.api.createCsr(servingCsr('w-1', { name: `csr-${i}` }));
      await world.advance(900);
    }
    start(world);
    await world.advance(60);
    expect(requestIds(world)).toEqual([`csr/${uidOf(world, 'csr-49')}/kubelet-serving.json`]);
  });

  it('a newer CSR that someone else creates in the name of a node does not replace that of the node', async () => {
    const world = newWorld();
    issue(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(10);
    world.api.createCsr(clientCsr('w-1', { ...BOOTSTRAP, name: 'of-a-token' }));
    start(world);
    await world.advance(10);
    expect(world.api.certificate('csr-w-1')).toBeDefined();
  });

  it('several CSRs of one person are all issued', async () => {
    const world = newWorld();
    issue(world);
    start(world);
    for (const name of ['jane-1', 'jane-2', 'jane-3']) {
      world.api.createCsr(userCsr({ name }));
      await world.advance(2);
    }
    await world.advance(10);
    for (const name of ['jane-1', 'jane-2', 'jane-3'])
      expect(world.api.certificate(name)).toBeDefined();
  });

  it('a kubelet in a loop gets three certificates at once, and then one a minute', async () => {
    const world = newWorld();
    issue(world);
    start(world);
    for (let i = 0; i < 40; i += 1) {
      world.api.createCsr(servingCsr('w-1', { name: `csr-${i}` }));
      await world.advance(3);
    }
    expect(requests(world).length).toBeGreaterThanOrEqual(3);
    expect(requests(world).length).toBeLessThanOrEqual(5);
  });

  it('a serving CSR waits for its Node, and for its addresses', async () => {
    const world = new World();
    issue(world);
    start(world);
    world.api.createCsr(servingCsr('w-2'));
    await world.advance(8);
    expect(requests(world)).toEqual([]);
    world.api.addNode('w-2', { addresses: [] });
    await world.advance(60);
    expect(requests(world)).toEqual([]);
    expect(eventsOf(world, 'CertificatePending')[0]?.message).toMatch(
      /^Node w-2 does not exist, or/,
    );
    world.api.addNode('w-2');
    await world.advance(35);
    expect(world.api.certificate('csr-w-2')).toBeDefined();
  });

  it('a CSR with more than 32 KiB is not uploaded, and its Event says so', async () => {
    const world = newWorld();
    start(world);
    const extra = { key: ['x'.repeat(40_000)] };
    world.api.createCsr({
      ...clientCsr('w-1'),
      extra: { 'authentication.kubernetes.io/x': extra.key },
    } as NewCsr);
    await world.advance(60);
    expect(requests(world)).toEqual([]);
    expect(eventsOf(world, 'CertificateRefused')[0]?.message).toMatch(/more than 32768 bytes/);
  });
});

it.each(['/jane', '/nodes/w-1'])(
  'a CSR is left alone if the object %s is huge: each look at it is expensive',
  async (path) => {
    const world = newWorld();
    start(world, {
      interrupt: (point, target) => {
        if (point === 'before get' && target.endsWith(path)) throw new TooLarge('a response');
      },
    });
    world.api.createCsr(userCsr());
    world.api.createCsr(servingCsr('w-1'));
    await world.advance(600);
    const looks = world.api.calls.filter((call) => call.call === 'get' && call.path.endsWith(path));
    expect(looks.length).toBeLessThan(2);
    expect(requests(world)).toHaveLength(1);
  },
);

describe('a refused CSR', () => {
  it('is asked again every half a minute while kubeadm join waits, with three calls to the bucket', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    start(world);
    world.api.createCsr(clientCsr('w-2', BOOTSTRAP));
    await world.advance(9.9 * 60);
    const attempts = requests(world).length;
    expect(attempts).toBeGreaterThanOrEqual(17);
    expect(attempts).toBeLessThanOrEqual(20);
    expect(world.exchange.calls.length).toBeLessThanOrEqual(4 * attempts);
    issue(world);
    await world.advance(35);
    expect(world.api.certificate('csr-w-2')).toBeDefined();
  });

  it('has few attempts after its first ten minutes', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    start(world);
    world.api.createCsr(clientCsr('w-2', BOOTSTRAP));
    await world.advance(600);
    const attempts = requests(world).length;
    await world.advance(3600);
    expect(requests(world).length).toBe(attempts + 4);
  });

  it('has few attempts if it counts in a budget that is used up', async () => {
    const world = newWorld();
    reject(world, 'node-unknown', 'budget-exceeded');
    start(world);
    world.api.createCsr(clientCsr('w-2', BOOTSTRAP));
    await world.advance(600);
    expect(requests(world)).toHaveLength(4);
  });

  it('is asked again after 1, 2, 4, 8 and then each 15 minutes if many are refused, and issued once the record allows it', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    start(world);
    const others = Array.from({ length: 10 }, (_, i) => `user-${i}`);
    for (const name of others) world.api.createCsr(userCsr({ name }));
    await world.advance(20);
    for (const name of others) world.api.remove(name);
    world.exchange.objects.clear();
    world.api.createCsr(clientCsr('w-1'));
    const minutes: number[] = [];
    let seen = 0;
    for (let minute = 0; minute < 62; minute += 1) {
      await world.advance(60);
      if (requests(world).length > seen) minutes.push(minute);
      seen = requests(world).length;
    }
    expect(minutes).toEqual([0, 1, 3, 7, 15, 30, 45, 60]);
    expect(requestIds(world)[2]).toBe(`csr/${uidOf(world, 'csr-w-1')}.3/kubelet-client.json`);
    expect(world.api.csr('csr-w-1')?.status?.conditions).toHaveLength(1); // neither Denied nor Failed
    expect(eventsOf(world, 'CertificateRefused')).toContainEqual(
      expect.objectContaining({
        involvedObject: expect.objectContaining({ name: 'csr-w-1' }),
        message: expect.stringMatching(/^kubelet-client: node-unknown: commonName is/),
        count: 8,
      }),
    );
    issue(world);
    await world.advance(15 * 60);
    expect(world.api.certificate('csr-w-1')).toBeDefined();
    expect(world.api.csr('csr-w-1')?.metadata.annotations).toEqual({});
    await world.advance(3600);
    expect(requests(world)).toHaveLength(9);
  });

  it('is not asked again if one of its reasons cannot pass', async () => {
    const world = newWorld();
    reject(world, 'node-unknown', 'signature-invalid');
    start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(3600);
    expect(requests(world)).toHaveLength(1);
    expect(world.api.csr('csr-w-1')?.status?.conditions).toHaveLength(1);
  });

  it('says who requests it again', async () => {
    const world = newWorld();
    world.service = (key) =>
      world.exchange.seed(
        outcomesOf(key).rejected,
        JSON.stringify({
          request: key,
          decidedAt: world.time.clock.now().toISOString(),
          violations: [violation('node-unknown')],
          tryAgain: '',
        }),
      );
    start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(30);
    expect(eventsOf(world, 'CertificateRefused')[0]?.message).toMatch(
      /To fix: add the node\. The forwarder requests it again$/,
    );
  });

  it('becomes Failed if a person waits for it and no attempt can succeed', async () => {
    const world = newWorld();
    reject(world, 'subject-organization');
    start(world);
    world.api.createCsr(userCsr());
    await world.advance(10);
    expect(world.api.condition('jane', 'Failed')).toMatchObject({
      reason: 'CakelessRefused',
      message: expect.stringMatching(/subject-organization/),
    });
    expect(world.api.condition('jane', 'Approved')).toBeDefined();
  });

  it('has its next attempt at the same time after a restart', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    const first = start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(11 * 60);
    const before = requests(world).length;
    await first.stop();
    await world.advance(7 * 60);
    start(world);
    await world.advance(60);
    expect(requests(world)).toHaveLength(before);
    await world.advance(7 * 60); // 15 minutes after the last one
    expect(requests(world)).toHaveLength(before + 1);
  });

  it.each([3600, -3600])(
    'is not asked again sooner or later because the clock of the bucket differs by %ds',
    async (seconds) => {
      const world = newWorld();
      world.exchange.now = () => new Date(world.time.clock.now().getTime() - seconds * 1000);
      reject(world, 'node-unknown');
      start(world);
      world.api.createCsr(clientCsr('w-1'));
      await world.advance(16 * 60);
      expect(requests(world).length).toBeGreaterThanOrEqual(19);
      expect(requests(world).length).toBeLessThanOrEqual(21);
    },
  );

  it('is not asked again after it was deleted', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    const { forwarder } = start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(30);
    world.api.remove('csr-w-1');
    await world.advance(3600);
    expect(requests(world)).toHaveLength(1);
    expect(forwarder.health.metrics()).toMatch(/cakeless_csrsigning_tracked 0/);
  });

  it('is not asked again after its kubelet made a newer one', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    start(world);
    world.api.createCsr(clientCsr('w-1', { name: 'old' }));
    await world.advance(30);
    const of = (name: string) => requests(world).filter((key) => key.includes(uidOf(world, name)));
    const before = of('old').length;
    world.api.createCsr(clientCsr('w-1', { name: 'new' }));
    await world.advance(100);
    expect(of('old')).toHaveLength(before);
    expect(of('new').length).toBeGreaterThan(1);
    expect(eventsOf(world, 'CertificateSuperseded')).toMatchObject([
      {
        involvedObject: { name: 'old' },
        count: 1,
        message: expect.stringMatching(
          /^new replaces it: .* can be deleted; see kubectl describe csr new$/,
        ),
      },
    ]);
  });
});

describe('what is written', () => {
  it('a wrong certificate is never written, and the same CSR never gets a second request', async () => {
    const world = newWorld();
    issue(world, { names: [{ type: 'IP', value: '10.96.0.1' }] });
    const { log, forwarder } = start(world);
    world.api.createCsr(servingCsr('w-1'));
    await world.advance(3600);
    expect(requests(world)).toHaveLength(1);
    expect(world.api.csr('csr-w-1')?.status).toEqual({});
    expect(log.join('\n')).toMatch(/^error csr-w-1 the certificate in the exchange bucket failed/m);
    expect(eventsOf(world, 'CertificateRefused')[0]?.message).toMatch(/its names/);
    expect(forwarder.health.metrics()).toMatch(/outcome="check_failed"} \d/);
  });

  it.each<[title: string, options: CertificateOptions]>([
    ['another common name', { commonName: 'kubernetes-admin' }],
    ['other organizations', { organizations: ['system:masters'] }],
    ['no names', { names: [] }],
    ['other usages', { usages: ['clientAuth'] }],
    ['a CA', { isCa: true }],
    ['one that has expired', { notAfter: new Date('2026-11-24T11:59:00Z') }],
  ])('%s is not written', async (_, options) => {
    const world = newWorld();
    issue(world, options);
    start(world);
    world.api.createCsr(servingCsr('w-1'));
    await world.advance(60);
    expect(world.api.csr('csr-w-1')?.status).toEqual({});
  });

  it("another CA's certificate is written once its CA is in the CA file", async () => {
    const world = newWorld();
    const next = await TestCa.make('kubernetes');
    issue(world, {}, next);
    let trusted = ca.pem;
    start(world, { trust: () => ({ pem: trusted }) });
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(30);
    expect(world.api.certificate('csr-w-1')).toBeUndefined();
    trusted += next.pem;
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBeDefined();
  });

  it("another forwarder's upload of another CSR under the same request id leads to no certificate", async () => {
    const world = newWorld();
    issue(world);
    const { metadata } = world.api.createCsr(clientCsr('w-1'));
    const other = csrPem({ commonName: 'system:node:w-1' }, OTHER_KEY);
    world.exchange.seed(
      `requests/prod/csr/${metadata.uid}/kubelet-client.json`,
      JSON.stringify({ spec: { request: Buffer.from(other).toString('base64') } }),
    );
    const { log } = start(world);
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBeUndefined();
    expect(log.join('\n')).toMatch(/its public key is not that of the CSR/);
  });

  it('nothing is written to a CSR that was deleted and created again with the same name', async () => {
    const world = newWorld();
    start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(5);
    const [key = ''] = requests(world);
    world.api.remove('csr-w-1');
    issue(world);
    await world.service(key);
    world.service = () => undefined;
    world.api.createCsr(
      clientCsr('w-1', { request: csrPem({ commonName: 'system:node:w-1' }, OTHER_KEY) }),
    );
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBeUndefined();
  });

  it('nothing is written to a CSR that was denied while the service decided', async () => {
    const world = newWorld();
    start(world);
    world.api.createCsr(servingCsr('w-1'));
    await world.advance(5);
    world.api.addCondition('csr-w-1', 'Denied');
    issue(world);
    await world.service(requests(world)[0] ?? '');
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBeUndefined();
    expect(world.api.condition('csr-w-1', 'Approved')).toBeUndefined();
  });

  it('a certificate that kube-controller-manager wrote first stands', async () => {
    const world = newWorld();
    start(world);
    const { metadata } = world.api.createCsr(clientCsr('w-1'));
    await world.advance(5);
    issue(world);
    await world.service(requests(world)[0] ?? '');
    const theirs = await ca.issue(csrPem({ commonName: 'system:node:w-1' }));
    await world.api
      .client()
      .patch('/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-w-1/status', {
        metadata: { uid: metadata.uid },
        status: { certificate: Buffer.from(theirs).toString('base64') },
      });
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBe(theirs);
  });
});

describe('while something is missing', () => {
  it('the service does not decide: it is asked each 15 seconds at most, and an Event says so once a minute', async () => {
    const world = newWorld();
    start(world);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(15 * 60);
    const lists = world.exchange.calls.filter(({ call }) => call === 'list').length;
    expect(lists).toBeGreaterThan(50);
    expect(lists).toBeLessThan(70);
    const [event] = eventsOf(world, 'CertificatePending');
    expect(event).toMatchObject({ message: 'the service has not decided yet' });
    expect(event?.count).toBeLessThanOrEqual(15);
  });

  it('an approver is missing: the Event says for whom it waits', async () => {
    const world = newWorld();
    world.service = (key) =>
      world.exchange.seed(
        outcomesOf(key).pending,
        JSON.stringify({ waitingFor: 'an approver: x' }),
      );
    start(world);
    world.api.createCsr(userCsr());
    await world.advance(24 * 3600);
    expect(eventsOf(world, 'CertificatePending')).toMatchObject([
      {
        message: `waiting for an approver: x; ask an approver to run: cakeless approve prod/csr/${uidOf(world, 'jane')}/user.json`,
        count: 1,
      },
    ]);
    expect(world.exchange.calls.length).toBeLessThan(1600);
    issue(world);
    await world.service(requests(world)[0] ?? '');
    await world.advance(60);
    expect(world.api.certificate('jane')).toBeDefined();
  });

  it('the API server refuses Events and annotations: certificates are still written', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    const { log } = start(world, {
      interrupt: (point, target) => {
        if (point.startsWith('before') && /events/.test(target)) throw new Error('403 Forbidden');
      },
    });
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(30);
    issue(world);
    await world.advance(60);
    expect(world.api.certificate('csr-w-1')).toBeDefined();
    expect(log.join('\n')).toMatch(/the Event about a CSR could not be written: 403/);
  });
});

it('without permissions, the log and /readyz say so, and which command grants them', async () => {
  const world = newWorld();
  const { log, forwarder } = start(world, {
    interrupt: (point, target) => {
      if (point === 'before list' && target.startsWith('/apis/'))
        throw new KubeError(403, 'Forbidden', 'cannot list resource');
    },
  });
  await world.advance(10);
  expect(log[0]).toMatch(/could not be watched: .*cannot list resource.*csrsigning --rbac \| /);
  expect(forwarder.health.unready()).toMatch(/cannot list resource.*csrsigning --rbac \| /);
});

it('without CSRs, the bucket is not called', async () => {
  const world = newWorld();
  start(world);
  await world.advance(24 * 3600);
  expect(world.exchange.calls).toEqual([]);
  expect(world.api.calls.map(({ call }) => call)).not.toContain('get');
});

it('a certificate takes three calls to the bucket', async () => {
  const world = newWorld();
  issue(world);
  start(world);
  world.api.createCsr(clientCsr('w-1'));
  await world.advance(10);
  expect(world.exchange.calls.map(({ call }) => call)).toEqual(Object.keys(FORWARDER_CALLS));
});

describe('a flood', () => {
  it('of more CSRs than can be remembered leaves room for nodes, and for CSRs that were never tried', async () => {
    const world = newWorld();
    reject(world, 'node-unknown');
    const { forwarder } = start(world, { maxTracked: 20 });
    flood(world, 30);
    world.api.createCsr(clientCsr('w-1'));
    await world.advance(1);
    expect(forwarder.health.metrics()).toMatch(/cakeless_csrsigning_tracked 21$/m);
    expect(forwarder.health.metrics()).toMatch(/cakeless_csrsigning_dropped_total 10$/m);
    await world.advance(10);
    expect(requests(world)).toHaveLength(21);
    issue(world);
    world.api.createCsr(clientCsr('w-2', BOOTSTRAP));
    await world.advance(10);
    expect(world.api.certificate('csr-w-2')).toBeDefined();
    await world.advance(15 * 60); // the next list
    for (let i = 0; i < 30; i += 1)
      expect(requests(world).join()).toContain(uidOf(world, `csr-invented-${i}`));
  });

  it.each<[title: string, of: (node: string) => NewCsr, codes: string[]]>([
    [
      'that nobody approves',
      (node) => userCsr({ name: `user-${node}`, ...byNode('w-1'), isApproved: false }),
      [],
    ],
    [
      'that nobody approves, by kubelets',
      (node) => clientCsr(node, { ...BOOTSTRAP, isApproved: false }),
      [],
    ],
    [
      'that are refused permanently',
      (node) => servingCsr(node, { ...BOOTSTRAP, name: `serving-${node}` }),
      ['csr-requester'],
    ],
  ])('of CSRs %s does not delay new workers', async (_, of, codes) => {
    const world = newWorld();
    if (codes.length > 0) reject(world, ...codes);
    start(world, { maxTracked: 20 });
    for (let i = 0; i < 40; i += 1) world.api.createCsr(of(`invented-${i}`));
    await world.advance(120);
    issue(world);
    world.api.createCsr(clientCsr('w-2', BOOTSTRAP));
    await world.advance(10);
    expect(world.api.certificate('csr-w-2')).toBeDefined();
  });

  it('whose outcomes cannot be looked up makes no busy loop', async () => {
    const world = new World();
    let turns = 0;
    const { timers } = world.time;
    start(world, {
      timers: {
        start: (...timer) => {
          turns += 1;
          return timers.start(...timer);
        },
      },
      exchange: Object.assign(Object.create(world.exchange), {
        async *list() {
          await new Promise(() => undefined);
        },
      }),
    });
    flood(world, 30);
    await world.advance(5);
    turns = 0;
    await world.advance(60);
    expect(turns).toBeLessThan(200); // it was one each millisecond
  });
});
