/** Measures a renewal of a node's eleven certificates on `cakeless local`, whose calls each take 20 ms longer. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { environmentAs, readEnvironmentFile } from '../client/demo/shell.ts';
import type { RenewalStep } from '../client/node/renewal/options.ts';
import { readDeclaredCluster } from '../client/operator/declared-cluster.ts';
import { kubeadmSet } from '../test/support/kubeadm-sets.ts';

const DELAY_MS = 20;
const ROUNDS = 7;
const AIM_MS = 1500;
const CLUSTER = 'prod';

/** All of a control plane that need no approver. */
const NAMES = [
  ...['apiserver', 'apiserver-kubelet-client', 'apiserver-etcd-client', 'front-proxy-client'],
  ...['etcd-server', 'etcd-peer', 'etcd-healthcheck-client'],
  ...['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'],
];

const STEPS: readonly (readonly [RenewalStep | 'start' | 'total', string])[] = [
  ['start', 'start of the process, arguments, SDK not loaded'],
  ['read', 'reading the disk'],
  ['keys', 'creating and writing keys and CSRs (P-256)'],
  ['upload', 'loading the SDK, uploading'],
  ['wait', 'waiting for the service'],
  ['fetch', 'fetching certificates and CA certificates'],
  ['check', 'checking'],
  ['install', 'installing'],
  ['report', 'closing the request, reading back, exit'],
  ['total', 'total'],
];

/** What client-marks.mjs notes when a step begins: all values since the start of the process. */
interface Mark {
  readonly step: string;
  readonly at: number;
  readonly cpuMs: number;
  readonly calls: number;
  readonly syncs: number;
}

type Spent = Omit<Mark, 'step'>;

interface Round {
  /** Ends with `total`. */
  readonly steps: ReadonlyMap<string, Spent>;
  /** CPU time of `cakeless local` in the meantime. */
  readonly serviceCpuMs: number;
}

type Environment = Record<string, string>;

export async function benchUploadToCertificate(): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build:client'], { stdio: 'ignore' });
  const root = mkdtempSync(join(tmpdir(), 'cakeless-bench-'));
  let service: ChildProcess | undefined;
  try {
    service = await startService(root);
    const node = prepareNode(root);
    const rounds: Round[] = [];
    // the first round loads the functions' code, and does not count
    for (let round = 0; round <= ROUNDS; round++) rounds.push(renew(root, node, service.pid));
    print(rounds.slice(1));
  } finally {
    service?.kill();
    rmSync(root, { recursive: true, force: true });
  }
}

const CLIENT = ['dist/bundle/cakeless.mjs', 'dist/client/cakeless.mjs'];
const client = () => resolve(CLIENT.find((file) => existsSync(file)) ?? '');

function cakeless(environment: Environment, args: readonly string[], allowed: number[] = [0]) {
  try {
    const env = { ...process.env, ...environment };
    return execFileSync(process.execPath, [client(), ...args], { env, encoding: 'utf8' });
  } catch (error) {
    const { status = null } = error as { status?: number | null };
    if (status !== null && allowed.includes(status)) return '';
    throw error;
  }
}

async function startService(root: string): Promise<ChildProcess> {
  const args = ['local', '--data', join(root, 'data'), '--port', '0', '-e', join(root, 'env')];
  const child = spawn(
    process.execPath,
    ['--', resolve('client', 'cakeless.mjs'), ...args, '--delay', `${DELAY_MS}ms`],
    {
      env: { ...process.env, POWERTOOLS_LOG_LEVEL: 'SILENT' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise<void>((ready, failed) => {
    child.once('close', (code) => failed(new Error(`cakeless local exited with ${code}`)));
    child.stdout?.once('data', () => ready());
  });
  return child;
}

interface PreparedNode {
  readonly name: string;
  readonly folder: string;
  readonly environment: Environment;
}

/** A node that `cakeless prepare` filled. */
function prepareNode(root: string): PreparedNode {
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const administrator = readEnvironmentFile(join(root, 'env'));
  const name = readDeclaredCluster(set.configYaml ?? '', set.dir).node?.name ?? '';
  const config = join(set.dir, 'config.yaml');
  cakeless(administrator, ['trust-domain', 'create', 'fleet']);
  const apply = ['cluster', 'apply', CLUSTER];
  cakeless(administrator, [...apply, '--kubeadm-config', config, '--trust-domain', 'fleet']);
  const record = cakeless(administrator, ['cluster', 'show', CLUSTER, '-o', 'json']);
  const limits = { nodeRequestsPerDay: 10_000, nodeCertificatesPerDay: 10_000 };
  const file = join(root, 'cluster.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(record), limits }));
  cakeless(administrator, [...apply, '-f', file]);
  const environment = environmentAs(`node:${CLUSTER}/${name}`, join(root, 'data'), administrator);
  const folder = join(root, 'etc-kubernetes');
  mkdirSync(folder);
  const trust = ['--config', config, '--cluster', CLUSTER, '--trust-on-first-use'];
  const PENDING = 4; // super-admin.conf needs an approver
  cakeless(environment, ['prepare', ...trust, '--kubeconfig-dir', folder], [PENDING]);
  return { name, folder, environment };
}

function renew(root: string, { name, folder, environment }: PreparedNode, pid = 0): Round {
  const marks = join(root, 'marks.json');
  const who = ['--cluster', CLUSTER, '--node', name, '--kubeconfig-dir', folder];
  const serviceBefore = cpuMsOf(pid);
  const startedAt = performance.timeOrigin + performance.now();
  execFileSync(
    process.execPath,
    [
      ...['--import', resolve('bench', 'client-marks.mjs'), client()],
      ...['renew', ...NAMES, '--no-restart', ...who],
    ],
    { env: { ...process.env, ...environment, MARKS: marks }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const began: Mark = { step: 'start', at: startedAt, cpuMs: 0, calls: 0, syncs: 0 };
  const read: readonly Mark[] = [began, ...JSON.parse(readFileSync(marks, 'utf8'))];
  const steps = new Map<string, Spent>();
  for (const [i, mark] of read.slice(0, -1).entries())
    steps.set(mark.step, difference(mark, read[i + 1] ?? mark));
  steps.set('total', difference(began, read.at(-1) ?? began));
  return { steps, serviceCpuMs: cpuMsOf(pid) - serviceBefore };
}

const difference = (from: Mark, to: Mark): Spent => ({
  at: to.at - from.at,
  cpuMs: to.cpuMs - from.cpuMs,
  calls: to.calls - from.calls,
  syncs: to.syncs - from.syncs,
});

/** User and system time of a process, in the hundredths of a second that Linux counts (proc(5)); 0 elsewhere. */
function cpuMsOf(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function print(rounds: readonly Round[]): void {
  console.log(
    `\nFrom renew to installed files: ${NAMES.length} certificates, ${DELAY_MS} ms for each call; median of ${ROUNDS} runs [lowest, highest]`,
  );
  const width = Math.max(...STEPS.map(([, label]) => label.length));
  console.log(`  ${'step'.padEnd(width)}  ${'ms'.padEnd(18)} ${'CPU ms'.padEnd(16)} calls  syncs`);
  for (const [step, label] of STEPS) {
    const of = (field: keyof Spent) => rounds.map(({ steps }) => steps.get(step)?.[field] ?? 0);
    const columns = [describe(of('at')).padEnd(18), describe(of('cpuMs')).padEnd(16)];
    const counts = [of('calls'), of('syncs')].map((all) => String(median(all)).padStart(5));
    console.log(`  ${label.padEnd(width)}  ${[...columns, ...counts].join(' ')}`);
  }
  const total = median(rounds.map(({ steps }) => steps.get('total')?.at ?? 0));
  console.log(
    `  aim ${AIM_MS} ms, ratio ${(total / AIM_MS).toFixed(2)}; CPU of the local service, ms: ${describe(rounds.map((r) => r.serviceCpuMs))}`,
  );
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[values.length >> 1] ?? 0;

function describe(values: readonly number[]): string {
  const [low = 0, high = 0] = [sorted(values)[0], sorted(values).at(-1)];
  return `${median(values).toFixed(0)} [${low.toFixed(0)}, ${high.toFixed(0)}]`;
}
