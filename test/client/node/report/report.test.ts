/** What a node reports, who can write it, and what people see of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectReport, textOfReport } from '../../../../client/node/report/collect.ts';
import {
  MAX_REPORT_BYTES,
  nodeReportSchema,
  parseNodeReportKey,
} from '../../../../lib/contract/node-report.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { putObject } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const keyOf = (node = fixture.node) => `reports/${CLUSTER}/nodes/${node}.json`;
const readReport = async () => {
  const object = await fixture.exchange().get(keyOf(), MAX_REPORT_BYTES);
  return nodeReportSchema.parse(JSON.parse(Buffer.from(object?.body ?? '').toString()));
};
const show = (...more: string[]) =>
  cakeless(fixture.environment('operator'), 'cluster', 'nodes', CLUSTER, ...more);
const renewNothing = (folder: string, ...more: string[]) =>
  fixture.run(folder, 'renew', 'all', '--no-restart', '--if-expires-within', '1h', ...more);

const KCM = `spec:
  containers:
  - image: registry.k8s.io/kube-controller-manager:v1.35.4
    command: [kube-controller-manager, --cluster-signing-key-file=/etc/kubernetes/pki/ca.key]
`;

it('is written by renew although nothing is due, and says what is in place and by which CA', async () => {
  const folder = fixture.copy();
  writeFileSync(join(folder, 'pki/ca.key'), 'a key');
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(join(folder, 'manifests/kube-controller-manager.yaml'), KCM);
  const run = await renewNothing(folder);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.not.stringContaining('report')]);
  const report = await readReport();
  expect(report).toMatchObject({
    cluster: CLUSTER,
    node: fixture.node,
    by: 'renew',
    caKeys: [join(folder, 'pki/ca.key')],
    signing: { signs: true, flags: ['cluster-signing-key-file=/etc/kubernetes/pki/ca.key'] },
    versions: { components: [{ name: 'kube-controller-manager', version: '1.35.4' }] },
    renewal: { exitCode: 0 },
  });
  const ofCa = report.caFiles.find(({ ca }) => ca === 'ca');
  const apiserver = report.certificates.find(({ name }) => name === 'apiserver');
  expect(apiserver?.caSha256).toBe(ofCa?.sha256[0]);
  expect(report.kubeconfigs.map(({ sha256 }) => sha256)).toEqual(
    report.kubeconfigs.map(() => ofCa?.sha256),
  );
  expect(JSON.stringify(report)).not.toContain('PRIVATE KEY');
});

it('is replaced by the next run, and by check-expiration, with the last renewal in it', async () => {
  const folder = fixture.copy();
  await renewNothing(folder);
  const first = await readReport();
  const config = join(folder, 'cakeless.yaml');
  writeFileSync(config, `cluster: ${CLUSTER}\nnode: ${fixture.node}\n`, { mode: 0o600 });
  const args = ['--kubeconfig-dir', folder, '--node-config', config];
  await cakeless(fixture.environment(), 'check-expiration', ...args);
  const second = await readReport();
  expect(second).toMatchObject({ by: 'check-expiration', renewal: first.renewal });
  expect(second.at > first.at).toBe(true);
  await cakeless(fixture.environment(), 'check-expiration', '--kubeconfig-dir', folder);
  expect((await readReport()).at).toBe(second.at); // a copy of some node's files
  const named = ['--kubeconfig-dir', folder, '--cluster', CLUSTER, '--node', fixture.node];
  await cakeless(fixture.environment(), 'check-expiration', ...named);
  expect((await readReport()).at > second.at).toBe(true);
});

it('has the exit code of the last renewal, of one that failed, too', async () => {
  const folder = fixture.copy();
  const env = { CAKELESS_EXCHANGE_BUCKET: 'no-such-bucket' };
  const run = await fixture.runIn(env, folder, 'renew', 'apiserver', '--no-restart');
  const place = { cluster: CLUSTER, node: fixture.node };
  const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
  const about = { ...place, folders, stateDir: join(folder, 'cakeless') };
  const { renewal } = collectReport(about, 'check-expiration', [], new Date());
  expect(run.exitCode).toBeGreaterThan(1);
  expect(renewal?.exitCode).toBe(run.exitCode);
});

it('is not written with --no-report', async () => {
  await renewNothing(fixture.copy());
  const before = await readReport();
  await renewNothing(fixture.copy(), '--no-report');
  expect(await readReport()).toEqual(before);
});

it('that cannot be written makes no renewal fail', async () => {
  const folder = fixture.copy();
  const env = { CAKELESS_EXCHANGE_BUCKET: 'no-such-bucket' };
  const run = await fixture.runIn(
    env,
    folder,
    ...['renew', 'all', '--no-restart', '--if-expires-within', '1h'],
  );
  expect([run.exitCode, run.stderr]).toEqual([
    0,
    expect.stringContaining('the report of this node was not written'),
  ]);
});

describe('people', () => {
  let report: Awaited<ReturnType<typeof readReport>>;
  beforeAll(async () => {
    await renewNothing(fixture.copy());
    report = await readReport();
  });

  it('see the reports of a cluster, and which nodes report nothing', async () => {
    await putObject(fixture, keyOf(), JSON.stringify(report));
    const { exitCode, stdout } = await show('-o', 'json');
    const nodes = JSON.parse(stdout);
    expect([exitCode, nodes[0]]).toEqual([
      0,
      expect.objectContaining({ node: fixture.node, report: expect.anything() }),
    ]);
    expect((await show('-o', 'wide')).stdout).toMatch(/NODE +REPORTED/);
  });

  it.each<[string, (report: Record<string, unknown>) => unknown, RegExp]>([
    [
      'of another node is not taken for that of its key',
      (report) => ({ ...report, node: 'cp-9' }),
      /it is about node cp-9/,
    ],
    [
      'that is older than its write is called that: it was written again',
      (report) => ({ ...report, at: '2020-01-01T00:00:00.000Z' }),
      /its content is of 2020-01-01/,
    ],
    [
      'of a time that does not exist is not taken',
      (report) => ({ ...report, at: '9999-99-99T99:99:99Z' }),
      /at: must be a time/,
    ],
    [
      'of a node with an endless name is not printed in full',
      (report) => ({ ...report, node: 'x'.repeat(50_000) }),
      /node: .{1,200}$/m,
    ],
    [
      'with thousands of mistakes names a few of them',
      (report) => ({ ...report, caKeys: Array(20_000).fill(1) }),
      /caKeys.{1,1000}$/m,
    ],
    [
      'that is too large is not read',
      (report) => ({ ...report, by: 'x'.repeat(MAX_REPORT_BYTES) }),
      /\d+ bytes/,
    ],
    ['that is no report is named', () => ({ some: 'thing' }), /cluster: must be of type string/],
    [
      'with too long a list is not taken',
      (report) => ({ ...report, caKeys: Array.from({ length: 101 }, () => '/x') }),
      /caKeys/,
    ],
  ])('a report %s', async (_, change, expected) => {
    const changed = change(report);
    await putObject(fixture, keyOf(), JSON.stringify(changed));
    const { exitCode, stdout } = await show();
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(expected)]);
    expect(stdout.length).toBeLessThan(4000);
  });

  it('see hostile text as codes, in a table and in JSON', async () => {
    const hostile = '\u001b[2J\u202e/etc/x\nfake line';
    await putObject(fixture, keyOf(), JSON.stringify({ ...report, caKeys: [hostile] }));
    for (const format of ['text', 'wide', 'json']) {
      const { stdout } = await show('-o', format);
      expect(stdout).toContain('\\u001b[2J\\u202e');
      expect(stdout).not.toContain('\u001b');
      expect(stdout).not.toContain('\u202e');
      expect(stdout).not.toMatch(/^fake line/m);
    }
  });
});

it("another node's key is denied to a node", async () => {
  const other = fixture.environment();
  const run = await cakeless(
    other,
    ...['renew', 'all', '--no-restart', '--if-expires-within', '1h', '--cluster', CLUSTER],
    ...['--node', 'cp-9', '--kubeconfig-dir', fixture.copy()],
  );
  expect(run.stderr).toMatch(/the report of this node was not written: .*(?:denied|not allowed)/i);
  expect(await fixture.exchange().get(keyOf('cp-9'), 10)).toBeUndefined();
});

it('has a bounded size, whatever is on the node', () => {
  const folder = fixture.copy();
  const ca = join(folder, 'pki/ca.crt');
  writeFileSync(ca, readFileSync(ca, 'utf8').repeat(400));
  const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
  const node = { cluster: CLUSTER, node: 'n', folders, stateDir: join(folder, 'cakeless') };
  const report = collectReport(node, 'renew', [], new Date());
  expect(textOfReport(report).length).toBeLessThanOrEqual(MAX_REPORT_BYTES);
  expect(nodeReportSchema.safeParse(report).success).toBe(true);
});

it.each([
  ['reports/a/nodes/n.json', { cluster: 'a', node: 'n' }],
  ['reports/a/nodes/csr.json', undefined],
  ['reports/a/nodes/n/x.json', undefined],
  ['reports/a/n.json', undefined],
  ['requests/a/nodes/n.json', undefined],
])('%s is the key of %p', (key, expected) => {
  expect(parseNodeReportKey(key)).toEqual(expected);
});
