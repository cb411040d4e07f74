/** Nodes without AWS credentials: by invitation, and by file. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
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
} from './without-aws.ts';

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

  describe('a pending document', () => {});

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
