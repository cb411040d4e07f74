/**
 * `npm run demo`: takes CSRs of real kubeadm from upload to certificate on this machine, with the commands that a
 * platform team, nodes and an approver use. Exits with 0 only if every outcome is as expected.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestKey } from '../../lib/contract/request-key.ts';
import { Fault } from '../../lib/fault.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { connect } from '../connection.ts';
import type { Received } from '../node/fetch/receive.ts';
import { API_CSRS, forward, WORKER } from './api-csrs.ts';
import { legacyCluster, newestCluster } from './clusters.ts';
import { differences, type Expected } from './expectations.ts';
import { hostileUploads } from './hostile.ts';
import { type Actor, actor, type Run, Session, startLocal } from './shell.ts';
import { tableOf } from './table.ts';

/** One run: the folder of all files, and the shell in which all commands run. */
interface Demo {
  readonly folder: string;
  readonly session: Session;
}

/** Describes the outcomes that are not as expected. */
async function demo({ folder, session }: Demo): Promise<string[]> {
  const data = join(folder, 'data');
  console.log(`$ DIR=${folder}   # this run's folder; with another folder, the same commands work`);
  const service = await startLocal(session, data, join(folder, 'env'));
  try {
    const as = (name: string) => actor(name, data);
    await setUp(session, as('administrator'));
    await approveNames(session, as('approver'));
    const nodeOf = (cluster: string, node: string) => as(`node:${cluster}/${node}`);
    const problems: string[] = [];
    heading('Each node uploads its CSRs and fetches the certificates:');
    for (const cluster of [newestCluster, legacyCluster]) {
      const node = nodeOf(cluster.name, cluster.node);
      const place = ['--cluster', cluster.name, '--node', cluster.node, '--request', 'first'];
      show(await session.cakeless(node, 'submit', cluster.csrs, ...place));
      const out = join(folder, cluster.name);
      problems.push(...(await receive(session, node, place, out, cluster.expected)));
    }
    const node = nodeOf(newestCluster.name, newestCluster.node);
    problems.push(...(await approveSuperAdmin({ folder, session }, as('approver'), node)));
    problems.push(...(await forwardApiCsrs({ folder, session }, as)));
    problems.push(...(await tryHostile({ folder, session }, node)));
    return problems;
  } finally {
    const stopped = new Promise((done) => service.once('close', done));
    service.kill('SIGTERM');
    await stopped;
  }
}

async function setUp(session: Session, administrator: Actor): Promise<void> {
  heading('The platform team creates the CAs and declares two clusters:');
  for (const { name, config } of [newestCluster, legacyCluster]) {
    show(await session.cakeless(administrator, 'trust-domain', 'create', name));
    const source = ['--kubeadm-config', config, '--trust-domain', name];
    show(await session.cakeless(administrator, 'cluster', 'apply', name, ...source));
  }
}

async function approveNames(session: Session, approver: Actor): Promise<void> {
  heading(
    'Up to Kubernetes 1.28, two more certificates have O=system:masters. An approver looks at what that means, and allows them until further notice:',
  );
  const names = ['admin.conf', 'apiserver-kubelet-client'];
  const command = ['standing-approval', legacyCluster.name, ...names];
  const preview = await session.cakeless(approver, ...command, '--dry-run', '-o', 'json');
  const { plan, consequences }: { plan: string; consequences: string[] } = JSON.parse(
    preview.stdout,
  );
  for (const consequence of consequences) console.log(`  ${consequence}`);
  const reason = 'renewals of the legacy cluster';
  show(await session.cakeless(approver, ...command, '--reason', reason, '--plan', plan));
}

async function approveSuperAdmin({ folder, session }: Demo, approver: Actor, node: Actor) {
  heading(
    'super-admin.conf bypasses all authorization, so it needs approval. An approver reviews and approves it:',
  );
  show(await session.cakeless(approver, 'pending'));
  const { name, node: nodeName, expected } = newestCluster;
  const key = requestKey({
    cluster: name,
    node: nodeName,
    requestId: 'first',
    path: 'super-admin.conf.csr',
  });
  const shown = await session.cakeless(approver, 'request', 'show', key);
  show(shown);
  const [, plan = ''] = /^plan: +([0-9a-f]{64})$/m.exec(shown.stdout) ?? [];
  const reason = 'break-glass access, stored in the safe';
  show(await session.cakeless(approver, 'approve', key, '--reason', reason, '--plan', plan));
  const place = ['--cluster', name, '--node', nodeName, '--request', 'first', '--wait', '1m'];
  const all = expected.map((one): Expected => ({ ...one, outcome: 'issued' }));
  return receive(session, node, place, join(folder, name), all);
}

/** Without a cluster, the demo uploads what `cakeless csrsigning` finds at an API server. */
async function forwardApiCsrs(
  { folder, session }: Demo,
  as: (name: string) => Actor,
): Promise<string[]> {
  heading(
    'A worker joins with a bootstrap token alone. The platform team declares it, and that its kubelet may have certificates:',
  );
  const { name } = newestCluster;
  const administrator = as('administrator');
  const { name: worker, address } = WORKER;
  const add = ['cluster', 'node', 'add', name, worker, address, '--role', 'worker'];
  show(await session.cakeless(administrator, ...add));
  const shown = await session.cakeless(administrator, 'cluster', 'show', name, '-o', 'json');
  const record = join(folder, `${name}.json`);
  const csrSigning = { kubeletClient: {}, kubeletServing: {} };
  writeFileSync(record, JSON.stringify({ ...JSON.parse(shown.stdout), csrSigning }, null, 2));
  console.log(`  its csrSigning is now ${JSON.stringify(csrSigning)}`);
  show(await session.cakeless(administrator, 'cluster', 'apply', name, '-f', record));
  heading("The forwarder carries the kubelet's CSRs from the certificates API to the service:");
  const { environment } = as(`forwarder:${name}`);
  Object.assign(process.env, environment);
  const exchange = await connect(environment).exchange();
  const problems: string[] = [];
  for (const csr of API_CSRS) {
    console.log(`\n  ${csr.what}`);
    const received = await forward(exchange, name, csr, join(folder, 'worker'));
    for (const line of tableOf([received])) console.log(line);
    const { certificateName: path, outcome, codes } = csr;
    problems.push(...differences([received], [{ path, outcome, ...(codes && { codes }) }]));
  }
  return problems;
}

async function tryHostile({ folder, session }: Demo, node: Actor): Promise<string[]> {
  heading('The same node uses an S3 client to upload what it must not get certificates for:');
  Object.assign(process.env, node.environment);
  const exchange = await connect(node.environment).exchange();
  const { name, node: nodeName } = newestCluster;
  const uploads = hostileUploads();
  const problems: string[] = [];
  for (const { path, what, bytes, codes } of uploads) {
    const key = requestKey({ cluster: name, node: nodeName, requestId: 'hostile', path });
    const isDenied = await put(exchange, key, bytes);
    console.log(`  put ${path}: ${what}${isDenied ? ': denied' : ''}`);
    if (isDenied !== (codes === undefined)) {
      problems.push(`${isDenied ? 'unexpected' : 'missing'}: denied ${path}`);
    }
  }
  const place = ['--cluster', name, '--node', nodeName, '--request', 'hostile'];
  const expected = uploads.flatMap(({ path, codes }): Expected[] =>
    codes ? [{ path: path.replace(/\.csr$/, ''), outcome: 'rejected', codes }] : [],
  );
  return [...problems, ...(await receive(session, node, place, join(folder, 'hostile'), expected))];
}

/** Uploads an object; true if the service denied it. */
async function put(exchange: ObjectStore, key: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await exchange.create(key, bytes, 'application/octet-stream');
    return false;
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-allowed') return true;
    throw error;
  }
}

/** Fetches and prints the outcomes of a request, and compares them with the expected ones. */
async function receive(
  session: Session,
  node: Actor,
  place: readonly string[],
  out: string,
  expected: readonly Expected[],
): Promise<string[]> {
  const run = await session.cakeless(node, 'fetch', ...place, '--out', out, '-o', 'json');
  if (run.stdout === '') return [`fetch ${place.join(' ')} failed: ${run.stderr}`];
  const results: Received[] = JSON.parse(run.stdout);
  for (const line of tableOf(results)) console.log(line);
  return differences(results, expected);
}

function show({ exitCode, stdout, stderr }: Run): void {
  process.stdout.write(stdout || stderr);
  if (exitCode !== 0) throw new Error(`the command exited with ${exitCode}\n${stderr}`);
}

function heading(line: string): void {
  console.log(`\n${line}`);
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-demo-'));
  try {
    const problems = await demo({ folder, session: new Session(folder) });
    for (const problem of problems) console.log(`WRONG: ${problem}`);
    const asExpected = problems.length === 0;
    heading(
      asExpected
        ? 'All outcomes are as expected.'
        : `${problems.length} outcomes are not as expected.`,
    );
    return asExpected ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
process.exitCode = await main();
