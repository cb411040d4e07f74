/** Nodes without AWS credentials: by invitation, and by file. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { newestCluster } from '../../../client/demo/clusters.ts';
import type { Invitation } from '../../../client/node/exchange/invitation.ts';
import { InvitedExchange } from '../../../client/node/exchange/invited-exchange.ts';
import { makeInvitation } from '../../../client/operator/make-invitation.ts';
import { S3ObjectStore } from '../../../lib/aws/s3-object-store.ts';
import { KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';

const { name: CLUSTER, node: NODE, config, csrs } = newestCluster;
const OTHER = 'cp-2.prod.example.com';
const folder = mkdtempSync(join(tmpdir(), 'cakeless-without-aws-'));
let service: ServiceProcess;
let bare: Record<string, string | undefined>;
let count = 0;

const admin = (...args: string[]) => cakeless(service.environment, ...args);
/** On a node without credentials, bucket names and region. */
const node = (...args: string[]) => cakeless(bare, ...args);
const file = (name: string) => join(folder, `${++count}-${name}`);

function s3(): S3Client {
  const { environment } = service;
  return new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
}

async function invite(of = NODE, ...more: string[]) {
  const out = file('invitation.json');
  const run = await admin('invite', '--cluster', CLUSTER, '--node', of, '--out', out, ...more);
  expect(run).toMatchObject({ exitCode: 0 });
  return { out, invitation: JSON.parse(readFileSync(out, 'utf8')) as Invitation };
}

beforeAll(async () => {
  service = await startServiceProcess(folder);
  bare = Object.fromEntries(Object.keys(service.environment).map((name) => [name, undefined]));
  expect((await admin('trust-domain', 'create', 'fleet')).exitCode).toBe(0);
  const applied = await admin(
    ...['cluster', 'apply', CLUSTER, '--kubeadm-config', config, '--trust-domain', 'fleet'],
    ...['--node', `${OTHER}=10.20.0.12`],
  );
  expect(applied.exitCode).toBe(0);
}, 60_000);

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

describe('an invitation', () => {
  it('is all that submit and fetch need', async () => {
    const { out } = await invite();
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const submitted = await node('submit', csrs, '--invitation', out, '-o', 'json');
    expect(submitted).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(submitted.stdout).requests).toHaveLength(KUBEADM_NAMES.length);
    const again = await node('submit', csrs, '--invitation', out, '-o', 'json');
    expect(JSON.parse(again.stdout).requests[0]).toMatchObject({ uploaded: false });
    const fetched = await node('fetch', '--invitation', out, '--out', file('out'), '-o', 'json');
    expect(fetched.exitCode).toBe(4); // super-admin.conf needs approval
    const outcomes = JSON.parse(fetched.stdout) as { path: string; outcome: string }[];
    expect(outcomes.filter(({ outcome }) => outcome !== 'issued')).toMatchObject([
      { path: 'super-admin.conf', outcome: 'pending' },
    ]);
    expect(outcomes).toHaveLength(KUBEADM_NAMES.length);
  });

  it('covers only the names that it was created for', async () => {
    const { out } = await invite(NODE, '--name', 'kubelet.conf');
    const run = await node('submit', csrs, '--invitation', out);
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('not covered by the invitation'),
    });
  });

  it('of someone who may not upload says so on the node, and where to get another', async () => {
    const out = file('operator.json');
    const place = ['--cluster', CLUSTER, '--node', NODE, '--out', out];
    expect((await cakeless(service.as('operator'), 'invite', ...place)).exitCode).toBe(0);
    const run = await node('submit', csrs, '--invitation', out);
    expect(run.exitCode).toBe(6);
    expect(run.stderr).toContain('not authorized to perform: s3:PutObject on resource: "arn:aws:');
    expect(run.stderr).toContain('hint: ask for a new invitation, from someone whose credentials');
  });

  it('created with the credentials of a node needs --trust-domain, and says so', async () => {
    const as = service.as(`node:${CLUSTER}/${NODE}`);
    const args = ['invite', '--cluster', CLUSTER, '--node', NODE, '--out', file('own')];
    const bare = await cakeless({ ...as, CAKELESS_AUTHORITY_BUCKET: undefined }, ...args);
    expect(bare).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--trust-domain') });
    const denied = await cakeless(as, ...args);
    expect(denied).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('--trust-domain'),
    });
    expect((await cakeless(as, ...args, '--trust-domain', 'fleet')).exitCode).toBe(0);
  });

  it.each([
    ['a node that the record does not know', 'cp-9.prod.example.com', [], /^warning: .*cp-9/m],
    ['some names', NODE, ['--name', 'kubelet.conf'], /covers kubelet\.conf only/],
  ])('for %s prints what to expect', async (_, name, more, words) => {
    const out = ['--out', file('invitation.json')];
    const run = await admin('invite', '--cluster', CLUSTER, '--node', name, ...out, ...more);
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(words) });
    const plain = await admin(
      ...['invite', '--cluster', CLUSTER, '--node', NODE, '--out', file('invitation.json')],
    );
    expect(plain.stderr).not.toMatch(words);
  });

  it('for one node is useless for another: the service rejects its CSRs', async () => {
    const { out } = await invite(OTHER);
    expect((await node('submit', csrs, '--invitation', out)).exitCode).toBe(0);
    const run = await node('fetch', '--invitation', out, '--out', file('out'), '-o', 'json');
    expect(run.exitCode).toBe(3);
    const kubelet = JSON.parse(run.stdout).find(
      ({ path }: { path: string }) => path === 'kubelet.conf',
    );
    expect(kubelet).toMatchObject({
      outcome: 'rejected',
      violations: [{ code: 'subject-common-name' }],
    });
  });

  it.each<[string, (url: string) => string, RequestInit]>([
    [
      'for another node',
      (url) => url.replaceAll(NODE, OTHER),
      { headers: { 'if-none-match': '*' } },
    ],
    [
      'for another path',
      (url) => url.replace('kubelet', 'admin'),
      { headers: { 'if-none-match': '*' } },
    ],
    [
      'for longer',
      (url) => url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=600000'),
      { headers: { 'if-none-match': '*' } },
    ],
    ['to overwrite an object', (url) => url, {}],
  ])('cannot be used %s', async (_, change, init) => {
    const { invitation } = await invite(NODE, '--name', 'kubelet.conf');
    const put = invitation.requests[0]?.put ?? '';
    const response = await fetch(change(put), { method: 'PUT', body: 'x', ...init });
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringMatching(/SignatureDoesNotMatch|AccessDenied/),
    ]);
  });

  it('expires, according to the file and to S3', async () => {
    const client = s3();
    const bucket = service.environment.CAKELESS_EXCHANGE_BUCKET ?? '';
    const exchange = new S3ObjectStore(client, bucket);
    const options = {
      cluster: CLUSTER,
      node: NODE,
      request: 'late',
      trustDomain: 'fleet',
      names: ['kubelet.conf'] as const,
      expiresSeconds: 3600,
    };
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const expired = await makeInvitation(client, bucket, exchange, options, hoursAgo(2));
    const key = `requests/${CLUSTER}/${NODE}/late/kubelet.conf.csr`;
    await expect(new InvitedExchange(expired).create(key, 'x')).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('Request has expired'),
      hint: expect.stringContaining('ask for a new invitation'),
    });
    const out = file('expired.json');
    writeFileSync(out, JSON.stringify(expired));
    const run = await node('submit', csrs, '--invitation', out);
    expect(run).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('expired at') });
    client.destroy();
  });

  it('names the CAs that the node may trust', async () => {
    const { out, invitation } = await invite(NODE, '--name', 'kubelet.conf');
    const one = mkdtempSync(join(folder, 'one-'));
    cpSync(join(csrs, 'kubelet.conf.csr'), join(one, 'kubelet.conf.csr'));
    expect((await node('submit', one, '--invitation', out)).exitCode).toBe(0);
    invitation.trust.ca.sha256 = ['0'.repeat(64)];
    const forged = file('forged.json');
    writeFileSync(forged, JSON.stringify(invitation));
    const run = await node('fetch', '--invitation', forged, '--out', file('out'));
    expect(run).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('does not list') });
    expect((await node('fetch', '--invitation', out, '--out', file('out'))).exitCode).toBe(0);
  });

  it.each<[string, (i: Record<string, unknown>) => unknown]>([
    ['of another version', (i) => ({ ...i, cakelessInvitation: 2 })],
    ['with an unknown field', (i) => ({ ...i, x: 1 })],
    ['for a node with a slash', (i) => ({ ...i, node: '../x' })],
    [
      'with a path outside the folder',
      (i) => ({ ...i, requests: [{ ...(i.requests as object[])[0], path: '../../x.csr' }] }),
    ],
    [
      'without TLS',
      (i) => ({
        ...i,
        requests: [{ ...(i.requests as object[])[0], put: 'http://example.com/x' }],
      }),
    ],
    [
      'with a file URL',
      (i) => ({ ...i, requests: [{ ...(i.requests as object[])[0], get: 'file:///etc/shadow' }] }),
    ],
    ['without an expiry date', (i) => ({ ...i, expiresAt: 'never' })],
    ['that is a list', () => []],
  ])('%s is not accepted', async (_, change) => {
    const { invitation } = await invite(NODE, '--name', 'kubelet.conf');
    const out = file('hostile.json');
    writeFileSync(out, JSON.stringify(change(invitation as never)));
    expect([2, 6]).toContain((await node('submit', csrs, '--invitation', out)).exitCode);
  });

  it.each([
    ['longer than a week', ['--expires-in', '169h'], 'at most 7 days'],
    ['for an unknown name', ['--name', 'user'], 'not one of'],
  ])('is not made %s', async (_, more, message) => {
    const args = ['invite', '--cluster', CLUSTER, '--node', NODE, '--out', file('i.json')];
    expect(await admin(...args, ...more)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(message),
    });
  });
});

describe('by file', () => {
  const place = ['--cluster', CLUSTER, '--node', NODE];
  /** As many as these tests need: each is a certificate that is issued. */
  const some = join(folder, 'some');
  beforeAll(() => {
    for (const name of ['controller-manager', 'kubelet', 'scheduler', 'super-admin'])
      cpSync(join(csrs, `${name}.conf.csr`), join(some, `${name}.conf.csr`));
  });
  const pack = async (from = some) => {
    const [request, outcomes] = [file('request.json'), file('outcomes.json')];
    expect((await node('pack', from, ...place, '--out', request)).exitCode).toBe(0);
    return { request, outcomes, args: ['relay', request, '--out', outcomes, ...place] };
  };

  it('a node gets its certificates', async () => {
    const { request, outcomes, args } = await pack(csrs);
    expect(readFileSync(request, 'utf8')).not.toContain('PRIVATE');
    const relayed = await admin(...args);
    expect(relayed).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(new RegExp(`of ${CLUSTER}/${NODE}: 12 CSRs`)),
      stdout: expect.stringContaining('pending super-admin'),
    });
    const out = file('out');
    const fetched = await node('fetch', '--from', outcomes, '--out', out, '-o', 'json');
    expect(fetched.exitCode).toBe(4);
    const issued = JSON.parse(fetched.stdout).filter(
      ({ outcome }: { outcome: string }) => outcome === 'issued',
    );
    expect(issued).toHaveLength(KUBEADM_NAMES.length - 1);
    expect(readFileSync(join(out, 'pki', 'etcd', 'server.crt'), 'utf8')).toContain('BEGIN CERT');
  });

  describe('a pending document', () => {
    /** Relays twice, with a change to the document of super-admin.conf before the second time. */
    async function relayWith(change: (pending: object) => object, from?: string) {
      const { outcomes, args } = await pack(from);
      expect((await admin(...args)).exitCode).toBe(4);
      const client = s3();
      const bucket = service.environment.CAKELESS_EXCHANGE_BUCKET ?? '';
      const exchange = new S3ObjectStore(client, bucket);
      const id: string = JSON.parse(readFileSync(outcomes, 'utf8')).request;
      const key = `certificates/${CLUSTER}/${NODE}/${id}/super-admin.conf.pending.json`;
      const { body } = (await exchange.get(key, 1e6)) ?? {};
      const changed = change(JSON.parse(Buffer.from(body ?? '').toString()));
      await exchange.put(key, JSON.stringify(changed), 'application/json');
      client.destroy();
      rmSync(outcomes);
      return { outcomes, run: await admin(...args) };
    }

    it('of a later release still says what the request waits for', async () => {
      const { outcomes, run } = await relayWith((pending) => ({
        ...pending,
        onlyUntil: '2027',
        mustUnderstand: ['onlyUntil'],
      }));
      const words = expect.stringMatching(/super-admin.conf: waiting for an approver/);
      expect(run).toMatchObject({ exitCode: 4, stdout: words });
      const fetched = await node('fetch', '--from', outcomes, '--out', file('out'));
      expect(fetched).toMatchObject({ exitCode: 4, stdout: words });
    });

    it('that cannot be read does not keep the certificates from the node', async () => {
      const { outcomes, run } = await relayWith(() => ({}), csrs);
      expect(run).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/^cakeless: \S+super-admin\.conf\.pending\.json: /m),
        stdout: expect.stringMatching(
          /^issued pki\/etcd\/server$[\s\S]*^pending super-admin\.conf$/m,
        ),
      });
      const fetched = await node('fetch', '--from', outcomes, '--out', file('out'), '-o', 'json');
      const received: { outcome: string }[] = JSON.parse(fetched.stdout);
      expect(received.filter(({ outcome }) => outcome === 'issued')).toHaveLength(
        KUBEADM_NAMES.length - 1,
      );
    });
  });

  it('relay takes bucket and region from the configuration file of this machine, and nothing else', async () => {
    const { args } = await pack();
    const { AWS_REGION, CAKELESS_EXCHANGE_BUCKET } = service.environment;
    const config = file('cakeless.yaml');
    writeFileSync(
      config,
      `cluster: other\nnode: other\nexchangeBucket: ${CAKELESS_EXCHANGE_BUCKET}\nregion: ${AWS_REGION}\n`,
    );
    const environment = {
      ...service.environment,
      AWS_REGION: undefined,
      CAKELESS_EXCHANGE_BUCKET: undefined,
    };
    const run = await cakeless(environment, ...args, '--node-config', config);
    expect(run).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(
        new RegExp(`ask an approver to run: cakeless approve ${CLUSTER}/${NODE}/.+/super-admin`),
      ),
    });
  });

  it('a file of the wrong type is an error that says which command wrote it', async () => {
    const { request, outcomes } = await pack();
    const swapped = await node('fetch', '--from', request, '--out', folder);
    expect(swapped).toMatchObject({ exitCode: 2 });
    expect(swapped.stderr).toMatch(
      /not a file from cakeless relay\n.*it is a file from cakeless pack/,
    );
    writeFileSync(outcomes, '{"cluster":"prod"}');
    const other = await admin('relay', outcomes, '--out', file('never'), ...place);
    expect(other.stderr).toBe(`cakeless: ${outcomes}: not a file from cakeless pack\n`);
  });

  it('relay refuses a file whose node or cluster is not that of --node and --cluster', async () => {
    const { request, outcomes } = await pack();
    for (const other of [
      ['--node', OTHER, '--cluster', CLUSTER],
      ['--cluster', 'other', '--node', NODE],
    ])
      expect(await admin('relay', request, '--out', outcomes, ...other)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/belongs to (?:node|cluster) .*, not to /),
      });
    expect(existsSync(outcomes)).toBe(false);
  });

  it.each([
    ['node', ['--cluster', CLUSTER]],
    ['cluster', ['--node', NODE]],
  ])(
    'relay does not take the %s from the file: nothing is uploaded without it',
    async (missing, given) => {
      const { request, outcomes } = await pack();
      const id: string = JSON.parse(readFileSync(request, 'utf8')).request;
      expect(await admin('relay', request, '--out', outcomes, ...given)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(`required option '--${missing} <name>' not specified`),
      });
      const shown = await admin('relay', request, '--out', outcomes, ...place);
      expect(shown.stderr).toContain(`request ${id} of ${CLUSTER}/${NODE}: 4 CSRs`);
    },
  );

  it('relay prints a rejection with its reason, and fetch reads it from the file', async () => {
    const [request, outcomes] = [file('request.json'), file('outcomes.json')];
    const place = ['--cluster', CLUSTER, '--node', OTHER];
    const one = file('one');
    cpSync(join(csrs, 'kubelet.conf.csr'), join(one, 'kubelet.conf.csr'));
    await node('pack', one, ...place, '--out', request);
    const run = await admin('relay', request, '--out', outcomes, ...place);
    expect(run).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(
        /^rejected kubelet\.conf\nkubelet\.conf: subject-common-name: .+; allowed: .+\. To fix: .+/,
      ),
    });
    expect((await node('fetch', '--from', outcomes, '--out', file('out'))).exitCode).toBe(3);
  });

  it('a certificate that was swapped in the file is not written', async () => {
    const { outcomes, args } = await pack();
    await admin(...args);
    const relayed = JSON.parse(readFileSync(outcomes, 'utf8'));
    const bodyOf = (end: string) =>
      relayed.objects.find(({ key }: { key: string }) => key.endsWith(end));
    bodyOf('/scheduler.conf.crt').body = bodyOf('/controller-manager.conf.crt').body;
    writeFileSync(outcomes, JSON.stringify(relayed));
    const run = await node('fetch', '--from', outcomes, '--out', file('out'));
    expect(run).toMatchObject({
      exitCode: 7,
      stdout: expect.stringContaining('not that of the CSR'),
    });
  });

  it.each<[string, (object: { key: string }) => object]>([
    ['of another node', (o) => ({ ...o, key: o.key.replaceAll(NODE, OTHER) })],
    ['above the folder', (o) => ({ ...o, key: `certificates/${CLUSTER}/${NODE}/r/../../x.crt` })],
    ['of another kind', (o) => ({ ...o, key: 'clusters/prod.json' })],
    ['for a trust bundle', (o) => ({ ...o, key: 'trust/fleet/../x' })],
    ['with a body that is not base64', (o) => ({ ...o, body: '%%%' })],
  ])('fetch rejects an object %s', async (_, change) => {
    const { outcomes } = await pack();
    const key = `requests/${CLUSTER}/${NODE}/r/kubelet.conf.csr`;
    const whole = { key, body: 'eA==', metadata: {} };
    const object = change(whole);
    const place = { cluster: CLUSTER, node: NODE, request: 'r' };
    writeFileSync(outcomes, JSON.stringify({ cakelessOutcomes: 1, ...place, objects: [object] }));
    const run = await node('fetch', '--from', outcomes, '--out', file('out'));
    expect(run.exitCode).toBe(2);
  });

  it('relay does not upload a private key', async () => {
    const { request, args } = await pack();
    const packed = JSON.parse(readFileSync(request, 'utf8'));
    const key = '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n';
    packed.csrs[0].csr = Buffer.from(key).toString('base64');
    writeFileSync(request, JSON.stringify(packed));
    const run = await admin(...args);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing was sent') });
  });
});
