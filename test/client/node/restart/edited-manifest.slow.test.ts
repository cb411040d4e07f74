/** A real kube-controller-manager starts with the flags of an edited manifest where there is no CA key, and not without the edit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { editFlags } from '../../../../client/node/restart/edit-flags.ts';
import { isSigningFlag, signingFlagsIn } from '../../../../client/node/restart/signing-flags.ts';
import { kubernetesProgram } from '../../../e2e/harness/programs.ts';
import { manifestText } from '../../../support/adopted-node.ts';
import { freePort } from '../../../support/fake-kubelet.ts';
import { RealApiServer, whyNoApiServer } from '../../../support/real-api-server.ts';
import { untilTrue } from '../../../support/until.ts';

const RELEASE = '1.35.4';
const PROGRAM = kubernetesProgram(RELEASE, 'kube-controller-manager');
const canRun = whyNoApiServer(RELEASE) === undefined && existsSync(PROGRAM);
const root = mkdtempSync(join(tmpdir(), 'cakeless-edited-'));
let server: RealApiServer;
let manager: ChildProcess | undefined;

beforeAll(async () => {
  server = new RealApiServer(root, RELEASE);
  if (canRun) await server.start();
}, 120_000);
afterEach(() => void manager?.kill('SIGKILL'));
afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

/** As the manifest says, apart from where the API server is. */
async function start(text: string, port: number): Promise<() => string> {
  const [program, ...words] = parse(text).spec.containers[0].command as string[];
  expect(program).toBe('kube-controller-manager');
  const kubeconfig = server.kubeconfig();
  const args = words.filter((word) => !word.startsWith('--kubeconfig='));
  const own = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', `--secure-port=${port}`];
  const child = spawn(PROGRAM, [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  manager = child;
  let log = '';
  child.stderr?.on('data', (data) => {
    log += data;
  });
  return () => log;
}

/** As kubeadm writes them; those for single signers cannot be beside them. */
const ofKubeadm = (folder: string) => [
  `--cluster-signing-cert-file=${folder}/pki/ca.crt`,
  `--cluster-signing-key-file=${folder}/pki/ca.key`,
];

const isHealthy = (port: number) =>
  new Promise<boolean>((done) => {
    get(`https://127.0.0.1:${port}/healthz`, { rejectUnauthorized: false }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    }).once('error', () => done(false));
  });

const itRuns = canRun ? it : it.skip;

itRuns(
  'starts with the edited flags, and says that it does not sign',
  async () => {
    const port = await freePort();
    const before = manifestText(root, port, ofKubeadm);
    rmSync(join(root, 'pki', 'ca.key'), { force: true });
    const after = editFlags(before, 'manifest', (name) => (isSigningFlag(name) ? '' : undefined));
    const words = parse(after).spec.containers[0].command as string[];
    expect([...signingFlagsIn(words).values()]).toEqual(['', '']);
    const log = await start(after, port);
    await untilTrue('kube-controller-manager is healthy', () => isHealthy(port));
    await untilTrue('it says that it has no signer', async () =>
      /[Ss]kipping CSR signer controller/.test(log()),
    );
    expect(manager?.exitCode).toBeNull();
  },
  120_000,
);

itRuns(
  'does not start with the flags as they were',
  async () => {
    const port = await freePort();
    rmSync(join(root, 'pki', 'ca.key'), { force: true });
    const log = await start(manifestText(root, port, ofKubeadm), port);
    await untilTrue('it exited', async () => manager?.exitCode !== null);
    expect([manager?.exitCode, log()]).toEqual([1, expect.stringContaining('ca.key')]);
  },
  120_000,
);
