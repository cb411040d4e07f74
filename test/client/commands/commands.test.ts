/** Commands against a running service, as a platform team, a node and an approver use them. */

import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { newestCluster } from '../../../client/demo/clusters.ts';
import { environmentFileName, environmentsFolder } from '../../../client/local-environments.ts';
import { approveRequest, approveStanding } from '../../support/approve-command.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { cakeless, mustCakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';

const { name: CLUSTER, node: NODE, config, csrs } = newestCluster;
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const folder = mkdtempSync(join(tmpdir(), 'cakeless-commands-'));
let service: ServiceProcess;

const admin = (...args: string[]) => cakeless(service.environment, ...args);
const node = (...args: string[]) => cakeless(service.as(`node:${CLUSTER}/${NODE}`), ...args);
const approver = (...args: string[]) => cakeless(service.as('approver'), ...args);
const asApprover = (...args: string[]) => mustCakeless(service.as('approver'), ...args);
const place = (request: string) => ['--cluster', CLUSTER, '--node', NODE, '--request', request];
const apply = (name: string, ...more: string[]) =>
  admin('cluster', 'apply', name, '--kubeadm-config', config, '--trust-domain', 'fleet', ...more);

beforeAll(async () => {
  service = await startServiceProcess(folder);
  expect((await admin('trust-domain', 'create', 'fleet')).exitCode).toBe(0);
  expect((await apply(CLUSTER)).exitCode).toBe(0);
}, 60_000);

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const clientOptions = (environment: Record<string, string>) => ({
  endpoint: environment.AWS_ENDPOINT_URL ?? '',
  region: environment.AWS_REGION ?? '',
  forcePathStyle: true,
  credentials: {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
  },
});

/** The file of each CA below trust/, and the prefix of its hash. */
const BUNDLES = [
  ['ca.crt', ''],
  ['etcd/ca.crt', 'etcd-ca='],
  ['front-proxy-ca.crt', 'front-proxy-ca='],
  ['kubelet-ca.crt', 'kubelet-ca='],
] as const;

/** A key that the security team created. */
async function createKey(environment: Record<string, string>): Promise<string> {
  const kms = new KMSClient(clientOptions(environment));
  const command = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const { KeyMetadata } = await kms.send(command);
  kms.destroy();
  return KeyMetadata?.Arn ?? '';
}

describe('trust-domain', () => {
  it('create reports an existing trust domain and prints the same CAs', async () => {
    const run = await admin('trust-domain', 'create', 'fleet', '-o', 'json');
    const shown = await admin('trust-domain', 'show', 'fleet', '-o', 'json');
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('fleet exists') });
    expect(JSON.parse(shown.stdout).cas).toEqual(JSON.parse(run.stdout).cas);
  });

  it('create accepts a key spec, a lifetime, and existing keys', async () => {
    const keyId = await createKey(service.environment);
    const options = ['--key-spec', 'ECC_NIST_P384', '--validity-days', '30', '--key-ca', keyId];
    const run = await admin('trust-domain', 'create', 'other', ...options, '-o', 'json');
    const made = JSON.parse(run.stdout).cas;
    expect([made.ca.keyId, made.ca.keySpec]).toEqual([keyId, 'ECC_NIST_P256']);
    expect(made['etcd-ca'].keySpec).toBe('ECC_NIST_P384');
    const days = (Date.parse(made.ca.notAfter) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(30.1);
  });

  it.each([
    ['a key of a CA in another trust domain', 'taken', (used: string) => ['--key-ca', used]],
    [
      'one key for two CAs',
      'twice',
      (_: string, free: string) => ['--key-ca', free, '--key-etcd-ca', free],
    ],
    ['a key that does not exist', 'absent', () => ['--key-ca', 'alias/no-such-key']],
    ['another key spec for an existing CA', 'fleet', () => ['--key-spec', 'RSA_2048']],
    ['a lifetime that is not a number', 'other2', () => ['--validity-days', 'abc']],
    ['a name in upper case', 'FLEET', () => []],
  ])('create rejects %s as a usage error', async (_, domain, options) => {
    const { cas } = JSON.parse((await admin('trust-domain', 'show', 'fleet', '-o', 'json')).stdout);
    const free = await createKey(service.environment);
    const run = await admin('trust-domain', 'create', domain, ...options(cas.ca.keyId, free));
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).not.toContain('AWS credentials');
  });

  it('show prints --ca-cert-hash options with the hashes of the public keys', async () => {
    const json = JSON.parse((await admin('trust-domain', 'show', 'fleet', '-o', 'json')).stdout);
    const exchange = new S3Client(clientOptions(service.environment));
    const hashes: string[] = [];
    for (const [path, prefix] of BUNDLES) {
      const key = { Bucket: 'cakeless-exchange', Key: `trust/fleet/${path}` };
      const { Body } = await exchange.send(new GetObjectCommand(key));
      const pem = (await Body?.transformToString()) ?? '';
      // as kubeadm's documentation has it
      const script =
        'openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256';
      const digest = spawnSync('sh', ['-c', script], { input: pem, encoding: 'utf8' }).stdout;
      hashes.push(`${prefix}sha256:${/[0-9a-f]{64}/.exec(digest)?.[0]}`);
    }
    exchange.destroy();
    expect(json.caCertHashes).toEqual(hashes);
    const { stdout } = await admin('trust-domain', 'show', 'fleet');
    expect(stdout).toContain(`\n${hashes.map((hash) => `--ca-cert-hash ${hash}`).join(' ')}\n`);
  });

  it('show prints a table, or how to create a trust domain that does not exist', async () => {
    expect((await admin('trust-domain', 'show', 'fleet')).stdout).toMatch(/front-proxy-ca .*P256/);
    expect(await admin('trust-domain', 'show', 'none')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('cakeless trust-domain create none'),
    });
  });
});

describe('local', () => {
  it.each([
    'administrator',
    'operator',
    'approver',
    'auditor',
    `node:${CLUSTER}/${NODE}`,
    `user-requester:${CLUSTER}`,
  ])('writes a file with the environment of %s for a shell', (principal) => {
    const folderOfAll = environmentsFolder(join(folder, 'data'));
    const file = join(folderOfAll, environmentFileName(principal));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const names = Object.keys(service.environment);
    const script = `set -a; . "$0"; set +a; for name; do eval echo "$name=\\$$name"; done`;
    const { stdout } = spawnSync('sh', ['-c', script, file, ...names], { encoding: 'utf8' });
    const wanted = service.as(principal);
    expect(stdout.trim().split('\n')).toEqual(names.map((name) => `${name}=${wanted[name]}`));
  });
});

describe('cluster', () => {
  it('apply reports whether it created, changed or kept the record', async () => {
    const verbs = [
      await apply('verbs'),
      await apply('verbs'),
      await apply('verbs', '--node', 'n2=10.0.0.2'),
    ];
    expect(verbs.map(({ stderr }) => stderr.trim())).toEqual([
      expect.stringMatching(
        /^warning: trust domain fleet is shared with .*prod.*\ncluster verbs created$/,
      ),
      'cluster verbs unchanged',
      expect.stringMatching(/^cluster verbs configured: changed nodes\n {2}\+ nodes\[n2\]: /),
    ]);
    expect((await admin('cluster', 'show', 'verbs')).stdout).toMatch(/n2\s+control-plane\s+10/);
  });

  it('apply --dry-run prints what would change, or the record, and writes nothing', async () => {
    const args = ['--dry-run', '--worker', 'w1=10.0.0.9,fd00::9'];
    const run = await apply('dry', ...args);
    expect(run.stdout).toMatch(
      /^--- \/dev\/null\n\+\+\+ clusters\/dry.json\n@@ -0,0 \+1,\d+ @@\n\+cluster: dry\n/,
    );
    expect(run.stdout).toContain('\n+  - name: w1\n');
    expect(run.stderr).toContain('(dry run)');
    expect(JSON.parse((await apply('dry', ...args, '-o', 'json')).stdout).nodes).toContainEqual({
      name: 'w1',
      addresses: ['10.0.0.9', 'fd00::9'],
      role: 'worker',
    });
    expect((await admin('cluster', 'show', 'dry')).exitCode).toBe(2);
  });

  it('apply accepts the record that show prints', async () => {
    const shown = await admin('cluster', 'show', CLUSTER, '-o', 'json');
    const file = join(folder, 'record.json');
    writeFileSync(file, shown.stdout);
    const run = await admin('cluster', 'apply', CLUSTER, '-f', file, '-o', 'json');
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual(JSON.parse(shown.stdout));
  });

  it('apply suggests --kubernetes-version if the kubeadm configuration does not contain a full release', async () => {
    const file = join(folder, 'stable.yaml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(file, text.replace(/^kubernetesVersion: .*$/m, 'kubernetesVersion: stable-1'));
    const source = ['--kubeadm-config', file, '--trust-domain', 'fleet'];
    const run = await admin('cluster', 'apply', 'stable', ...source);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).not.toContain('not a cluster record');
    expect(run.stderr).toMatch(/kubernetesVersion: .*\n.*--kubernetes-version v/);
  });

  it('--kubernetes-version overrides the one in the kubeadm configuration', async () => {
    const run = await apply('newer', '--kubernetes-version', 'v1.36.0', '-o', 'json');
    expect(JSON.parse(run.stdout).kubernetesVersion).toBe('v1.36.0');
  });
});

describe('submit and fetch', () => {
  it("write certificates in kubeadm's layout, and exit with 4 while one needs approval", async () => {
    const out = join(folder, 'out');
    const submitted = await node('submit', csrs, ...place('all'), '-o', 'json');
    expect(JSON.parse(submitted.stdout).requests).toHaveLength(set.csrs.length);
    const run = await node('fetch', ...place('all'), '--out', out, '-o', 'json');
    const results: { outcome: string; path: string; file?: string }[] = JSON.parse(run.stdout);
    expect(results.filter(({ outcome }) => outcome !== 'issued')).toMatchObject([
      {
        path: 'super-admin.conf',
        outcome: 'pending',
        requestKey: expect.stringContaining('/all/super-admin.conf.csr'),
      },
    ]);
    expect(run.exitCode).toBe(4);
    expect(new X509Certificate(readFileSync(join(out, 'pki/etcd/peer.crt'))).subject).toContain(
      NODE,
    );
    expect(existsSync(join(out, 'super-admin.conf.crt'))).toBe(false);
  });

  it('exit with 3 for a rejection, and print each violation with its fix', async () => {
    const wrong = kubeadmSet('1.35.4', 'generate-csr', 'v6-p384').dir;
    await node('submit', join(wrong, 'csr'), ...place('wrong'));
    const run = await node('fetch', ...place('wrong'), '--out', join(folder, 'none'));
    expect(run.exitCode).toBe(3);
    expect(run.stdout).toMatch(/pki\/apiserver: san-[a-z-]+: .+; allowed: .+\. To fix: .+/);
  });

  it('read cluster, node, bucket and region from the node configuration, as pack and prepare do', async () => {
    const file = join(folder, 'cakeless.yaml');
    const { AWS_REGION, CAKELESS_EXCHANGE_BUCKET, ...rest } = service.as(`node:${CLUSTER}/${NODE}`);
    const own = `exchangeBucket: ${CAKELESS_EXCHANGE_BUCKET}\nregion: ${AWS_REGION}\n`;
    writeFileSync(file, `cluster: ${CLUSTER}\nnode: ${NODE}\n${own}`);
    const bare = { ...rest, AWS_REGION: undefined, CAKELESS_EXCHANGE_BUCKET: undefined };
    const run = (...args: string[]) => cakeless(bare, ...args, '--node-config', file);
    const submitted = await run('submit', csrs, '--request', 'file');
    expect(submitted).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`${CLUSTER}/${NODE}`),
    });
    const fetched = await run('fetch', '--request', 'file', '--out', join(folder, 'file'));
    expect(fetched).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/admin.conf +issued/),
    });
    expect((await run('pack', csrs, '--out', join(folder, 'file.pack'))).exitCode).toBe(0);
    const pki = ['--cert-dir', join(folder, 'pki'), '--kubeconfig-dir', folder];
    expect((await run('prepare', '--config', config, ...pki, '--dry-run')).exitCode).toBe(0);
  });

  it.each([
    ['submit', csrs],
    ['pack', csrs, '--out', join(folder, 'never')],
    ['fetch', '--request', 'r', '--out', folder],
    ['prepare', '--config', config],
  ])('%s names the missing option and the file that can hold it', async (...args) => {
    const empty = join(folder, 'empty.yaml');
    writeFileSync(empty, '');
    expect(await node(...args, '--node-config', empty)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/--cluster.*\n.*cakeless\.yaml/),
    });
  });

  it('submit generates a request id and prints the next command', async () => {
    const run = await node('submit', csrs, '--cluster', CLUSTER, '--node', NODE);
    expect(run.stdout).toMatch(/next: cakeless fetch .* --request \d{8}t\d{6}z-[0-9a-f]{6} --out/);
  });
});

describe('approvals', () => {
  const key = (id: string) => `requests/${CLUSTER}/${NODE}/${id}/super-admin.conf.csr`;
  const submitOne = async (id: string) => {
    const one = join(folder, `${id}-csr`);
    mkdirSync(one);
    copyFileSync(join(csrs, 'super-admin.conf.csr'), join(one, 'super-admin.conf.csr'));
    await node('submit', one, ...place(id));
    await node('fetch', ...place(id), '--out', join(folder, id)); // returns when each request has an outcome
  };

  it('pending lists requests with their subjects, and approved requests are signed', async () => {
    await submitOne('yes');
    const listed = await approver('pending', '--cluster', CLUSTER, '-o', 'json');
    const entry = JSON.parse(listed.stdout).find(
      (p: { request: string }) => p.request === key('yes'),
    );
    expect(entry.subject).toContain('O=system:masters');
    expect((await approver('pending')).stdout).toContain(key('yes'));
    const short = await approver('approve', key('yes').replace(/\.csr$/, ''), '--reason', 'x');
    expect([short.exitCode, short.stderr]).toEqual([
      2,
      expect.stringContaining(`give the key of its CSR: ${key('yes')}`),
    ]);
    const unseen = await approver('approve', key('yes'), '--reason', 'x');
    expect([unseen.exitCode, unseen.stderr]).toEqual([
      2,
      expect.stringContaining(`--reason x --plan ${entry.plan}\n`),
    ]);
    await approveRequest(asApprover, key('yes'));
    const run = await node('fetch', ...place('yes'), '--wait', '30s', '--out', join(folder, 'yes'));
    expect(run.exitCode).toBe(0);
    expect(existsSync(join(folder, 'yes', 'super-admin.conf.crt'))).toBe(true);
  });

  it('a denial is final, and the node sees the reason', async () => {
    await submitOne('no');
    expect((await approver('deny', key('no'))).exitCode).toBe(2); // --reason is required
    expect((await approver('deny', key('no'), '--reason', 'not today')).exitCode).toBe(0);
    const run = await node('fetch', ...place('no'), '--wait', '30s', '--out', join(folder, 'no'));
    expect([run.exitCode, run.stdout]).toEqual([3, expect.stringContaining('not today')]);
    expect((await approver('approve', key('no'), '--reason', 'x')).exitCode).toBe(2);
  });

  it('standing-approval grants, shows and withdraws names, but never super-admin.conf', async () => {
    const show = async () => (await approver('standing-approval', CLUSTER)).stdout;
    expect(await show()).toContain('no standing approval');
    await approveStanding(asApprover, CLUSTER, ['admin.conf']);
    expect(await show()).toMatch(/^AROA\w+:approver +granted +admin\.conf +fleet /m);
    await approver('standing-approval', CLUSTER, '--withdraw', '--reason', 'over');
    expect(await show()).toContain('no standing approval');
    expect(await approver('standing-approval', CLUSTER, 'super-admin.conf')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('approve each request'),
    });
  });
});
