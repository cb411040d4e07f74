/** Nodes without AWS credentials: what goes wrong with invitations and files, and what is rejected. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvitedExchange } from '../../../client/node/exchange/invited-exchange.ts';
import { makeInvitation } from '../../../client/operator/make-invitation.ts';
import { S3ObjectStore } from '../../../lib/aws/s3-object-store.ts';
import { KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { cakeless } from '../../support/running-service-command.ts';
import {
  admin,
  CLUSTER,
  csrs,
  file,
  folder,
  invite,
  NODE,
  node,
  OTHER,
  pack,
  place,
  relayWith,
  s3,
  service,
} from './without-aws.ts';

describe('an invitation', () => {
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
});

describe('by file', () => {
  describe('a pending document', () => {
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
});
