/**
 * CPU of the command in fresh processes, in all its forms, beside bare Node.js and kubeadm. All alternate in one run, so
 * that other load affects all of them.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpensslNode } from '../test/support/openssl-node.ts';

const ROUNDS = 11;
/** CPU milliseconds on Node 24, in the installed form. */
const AIMS: Readonly<Record<string, number>> = { '--help': 100, 'check-expiration': 150 };

const INSTALLED = 'the bundle in chunks (installed)';
const KUBEADM = 'kubeadm';
const BARE = 'bare Node.js';

interface Measured {
  readonly what: string;
  readonly form: string;
  readonly command: readonly string[];
  readonly milliseconds: number[];
}

export function benchCommand(): void {
  execFileSync(process.execPath, ['client/bundle.mjs'], { stdio: 'ignore' });
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-bench-'));
  try {
    new OpensslNode(folder).make();
    const measured = commandsOn(folder);
    for (let round = 0; round <= ROUNDS; round++)
      for (const { command, milliseconds } of measured) {
        const took = cpuOf(command);
        if (round > 0) milliseconds.push(took); // the first round fills the caches
      }
    printTable(measured);
    printSizes();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What each form runs. A form that was not built, or a program that is not installed, is left out. */
function commandsOn(node: string): Measured[] {
  const executable = `dist/client/cakeless-linux-${process.arch}`;
  const kubeadm = kubeadmProgram();
  const forms: Readonly<Record<string, readonly string[]>> = {
    [INSTALLED]: [process.execPath, '--', 'dist/bundle/cakeless.mjs'],
    'the bundle in one file': [process.execPath, '--', 'dist/client/cakeless.mjs'],
    ...(existsSync(executable) && { 'the executable, Node 26 inside': [executable] }),
    'the sources': [process.execPath, '--', 'client/from-source.mjs'],
  };
  const subjects: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['--help', ['--help'], ['--help']],
    ['--version', ['--version'], ['version']],
    [
      'check-expiration',
      ['check-expiration', '--kubeconfig-dir', node],
      ['certs', 'check-expiration', '--cert-dir', join(node, 'pki')],
    ],
  ];
  const bare = { what: '', form: BARE, command: [process.execPath, '-e', '0'], milliseconds: [] };
  return [
    bare,
    ...subjects.flatMap(([what, args, ofKubeadm]) => [
      ...Object.entries(forms).map(([form, start]) => ({
        what,
        form,
        command: [...start, ...args],
        milliseconds: [],
      })),
      ...(kubeadm === undefined
        ? []
        : [{ what, form: KUBEADM, command: [kubeadm, ...ofKubeadm], milliseconds: [] }]),
    ]),
  ];
}

/** The folder that test/tools/kubernetes.sh installs. */
function kubeadmProgram(): string | undefined {
  const tools = process.env.CAKELESS_TOOLS ?? join(homedir(), '.cache', 'cakeless-tools');
  const program = join(tools, 'kubernetes', 'v1.37.2', 'kubeadm');
  return existsSync(program) ? program : undefined;
}

/** User and system time of a process, in milliseconds; Node.js has no such figure for its children. */
function cpuOf(command: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
  const { stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', ...command], {
    encoding: 'utf8',
  });
  const seconds = stderr.trim().split(' ').map(Number);
  return seconds.reduce((sum, value) => sum + value, 0) * 1000;
}

function printTable(all: readonly Measured[]): void {
  const bare = all.find(({ form }) => form === BARE)?.milliseconds ?? [];
  console.log(`CPU in ms, median of ${ROUNDS} [quartiles]; ratios are of the same rounds\n`);
  console.log('| command | form | aim | measured | times bare Node.js | times kubeadm |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { what, form, milliseconds } of all) {
    const peer = all.find((one) => one.what === what && one.form === KUBEADM)?.milliseconds;
    const aim = form === INSTALLED ? AIMS[what] : undefined;
    const cells = [
      what === '' ? '' : `\`${what}\``,
      form,
      aim === undefined ? '' : `at most ${aim}`,
      spread(milliseconds, 0),
      spread(ratios(milliseconds, bare), 1),
      peer === undefined ? '' : spread(ratios(milliseconds, peer), 1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

const ratios = (of: readonly number[], to: readonly number[]) =>
  of.map((value, round) => value / (to[round] ?? Number.NaN));

function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) =>
    (sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN).toFixed(digits),
  );
  return `${median} [${low}, ${high}]`;
}

function printSizes(): void {
  const { outputs } = JSON.parse(readFileSync('dist/meta/client.json', 'utf8')) as {
    outputs: Record<string, { bytes: number }>;
  };
  const chunks = Object.values(outputs);
  const bytes = chunks.reduce((sum, output) => sum + output.bytes, 0);
  const oneFile = statSync('dist/client/cakeless.mjs').size;
  console.log(
    `\nSizes: ${kilobytes(bytes)} in ${chunks.length} chunks; ${kilobytes(oneFile)} in one file`,
  );
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KB`;
