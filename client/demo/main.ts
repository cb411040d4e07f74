/**
 * `npm run demo`: the whole way of real kubeadm CSRs on this machine, with the commands that a platform team, nodes
 * and an approver would use. Exit 0 only if every outcome is what it must be.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestKey } from '../../lib/contract/request-key.ts';
import { connect } from '../connection.ts';
import type { Received } from '../node/fetch/receive.ts';
import { legacyCluster, newestCluster } from './clusters.ts';
import { differences, type Expected } from './expectations.ts';
import { hostileUploads } from './hostile.ts';
import { cakeless, environmentAs, type Run, readEnvironmentFile, startLocal } from './shell.ts';
import { tableOf } from './table.ts';

type Environment = Record<string, string>;

/** Returns everything that was not as it must be. */
async function demo(folder: string): Promise<string[]> {
  const data = join(folder, 'data');
  const environmentFile = join(folder, 'env');
  const service = await startLocal(data, environmentFile);
  try {
    const administrator = readEnvironmentFile(environmentFile);
    const as = (name: string) => environmentAs(name, data, administrator);
    await setUp(administrator);
    await letStand(as('approver'));
    const nodeOf = (cluster: string, node: string) => as(`node:${cluster}/${node}`);
    const problems: string[] = [];
    for (const cluster of [newestCluster, legacyCluster]) {
      const node = nodeOf(cluster.name, cluster.node);
      const place = ['--cluster', cluster.name, '--node', cluster.node, '--request', 'first'];
      show(await cakeless(node, 'submit', cluster.csrs, ...place));
      problems.push(...(await receive(node, place, join(folder, cluster.name), cluster.expected)));
    }
    const node = nodeOf(newestCluster.name, newestCluster.node);
    problems.push(...(await approveSuperAdmin(as('approver'), node, folder)));
    problems.push(...(await tryHostile(node, folder)));
    return problems;
  } finally {
    const ended = new Promise((done) => service.once('close', done));
    service.kill('SIGTERM');
    await ended;
  }
}

async function setUp(administrator: Environment): Promise<void> {
  show(await cakeless(administrator, 'trust-domain', 'create', 'fleet'));
  for (const { name, config } of [newestCluster, legacyCluster]) {
    const from = ['--kubeadm-config', config, '--trust-domain', 'fleet'];
    show(await cakeless(administrator, 'cluster', 'apply', name, ...from));
  }
}

async function letStand(approver: Environment): Promise<void> {
  say('Up to 1.28 kubeadm puts system:masters into two more names. An approver lets them stand:');
  const names = ['admin.conf', 'apiserver-kubelet-client'];
  show(await cakeless(approver, 'standing-approval', legacyCluster.name, ...names));
}

async function approveSuperAdmin(approver: Environment, node: Environment, folder: string) {
  say(
    'super-admin.conf waits, since it is above all authorization. An approver looks, and agrees:',
  );
  show(await cakeless(approver, 'pending'));
  const { name, node: nodeName, expected } = newestCluster;
  const key = requestKey({
    cluster: name,
    node: nodeName,
    requestId: 'first',
    path: 'super-admin.conf.csr',
  });
  show(await cakeless(approver, 'approve', key, '--reason', 'break-glass, kept in the safe'));
  const place = ['--cluster', name, '--node', nodeName, '--request', 'first', '--wait', '1m'];
  const all = expected.map((one): Expected => ({ ...one, outcome: 'issued' }));
  return receive(node, place, join(folder, name), all);
}

async function tryHostile(node: Environment, folder: string): Promise<string[]> {
  say('The same node, with any S3 client, tries what it must not get:');
  Object.assign(process.env, node);
  const exchange = await connect(node).exchange();
  const uploads = hostileUploads();
  for (const { path, what, bytes } of uploads) {
    const { name: cluster, node: owner } = newestCluster;
    const key = requestKey({ cluster, node: owner, requestId: 'hostile', path });
    await exchange.create(key, bytes, 'application/octet-stream');
    console.log(`  put ${path}: ${what}`);
  }
  const { name, node: nodeName } = newestCluster;
  const place = ['--cluster', name, '--node', nodeName, '--request', 'hostile'];
  const expected = uploads.map(
    ({ path, codes = [] }): Expected => ({
      path: path.replace(/\.csr$/, ''),
      outcome: 'rejected',
      codes,
    }),
  );
  return receive(node, place, join(folder, 'hostile'), expected);
}

/** Fetches, shows what came, and compares it with what must come. */
async function receive(
  node: Environment,
  place: readonly string[],
  out: string,
  expected: readonly Expected[],
): Promise<string[]> {
  const run = await cakeless(node, 'fetch', ...place, '--out', out, '-o', 'json');
  if (run.stdout === '') return [`fetch ${place.join(' ')} failed: ${run.stderr}`];
  const results: Received[] = JSON.parse(run.stdout);
  for (const line of tableOf(results)) console.log(line);
  return differences(results, expected);
}

function show({ exitCode, stdout, stderr }: Run): void {
  process.stdout.write(stdout || stderr);
  if (exitCode !== 0) throw new Error(`the command ended with ${exitCode}\n${stderr}`);
}

function say(line: string): void {
  console.log(`\n${line}`);
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-demo-'));
  try {
    const problems = await demo(folder);
    for (const problem of problems) console.log(`WRONG: ${problem}`);
    say(
      problems.length === 0 ? 'Everything is as it must be.' : 'Not everything is as it must be.',
    );
    return problems.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
process.exitCode = await main();
