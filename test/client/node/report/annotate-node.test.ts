/** What a worker without AWS credentials says in the annotation of its Node. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { annotateNode } from '../../../../client/node/report/annotate-node.ts';
import { ROTATION_ANNOTATION } from '../../../../client/node/report/rotation-annotation.ts';
import { rememberRotation } from '../../../../client/node/state/rotation-memory.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-annotate-'));
const folder = join(root, 'kubernetes');
const proc = join(root, 'proc');
beforeAll(() => {
  new OpensslNode(folder).make(LEAVES.filter(({ path }) => path === 'kubelet.conf'));
  mkdirSync(join(proc, '10'), { recursive: true });
  writeFileSync(join(proc, 'uptime'), '1000.00 1.00\n');
  writeFileSync(join(proc, '10/cmdline'), `kubelet\0--kubeconfig=${folder}/kubelet.conf\0`);
  writeFileSync(join(proc, '10/stat'), `10 (kubelet) S ${'1 '.repeat(18)}0 0\n`);
  writeFileSync(join(proc, '10/status'), 'Uid:\t0\t0\t0\t0\n');
});
afterAll(() => rmSync(root, { recursive: true }));

const said: string[] = [];
beforeEach(() => void said.splice(0));

/** @param now the kubelet started 1000 s before */
async function annotate(now: Date, patch?: () => Promise<unknown>, kubeconfigDir = folder) {
  const patches: [path: string, body: unknown][] = [];
  await annotateNode({
    folders: { kubeconfigDir, certDir: join(folder, 'pki'), kubeletDir: join(root, 'pki') },
    stateDir: join(folder, 'cakeless'),
    terminal: { print: () => undefined, progress: (line) => void said.push(line) },
    now: () => now,
    patch: patch ?? (async (path, body) => void patches.push([path, body])),
    proc,
  });
  const [[path, body] = []] = patches;
  const { metadata } = Object(body) as { metadata?: { annotations: Record<string, string> } };
  const text = metadata?.annotations[ROTATION_ANNOTATION] ?? '{}';
  return { path, text, annotation: JSON.parse(text) };
}

const LATER = new Date('2099-01-01T00:00:00Z');
const EARLIER = new Date('2020-01-01T00:00:00Z');

beforeEach(() => rmSync(join(folder, 'cakeless', 'component-starts.json'), { force: true }));

it('is what its CA file and its kubeconfig have, and whether the kubelet has started since', async () => {
  expect((await annotate(EARLIER)).annotation.restarted).toBe(false);
  const { path, annotation, text } = await annotate(LATER);
  expect([path, said]).toEqual(['/api/v1/nodes/cp-1', []]);
  expect(annotation).toMatchObject({
    caFile: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    kubeconfig: annotation.caFile,
    restarted: true,
  });
  expect(text.length).toBeLessThan(2048);
  // that is known of this process from now on
  expect((await annotate(EARLIER)).annotation.restarted).toBe(true);
});

it('has the number of the rotation that the node has followed', async () => {
  const rest = { gone: [], compromised: [], dropped: [], left: [] };
  const stateDir = join(folder, 'cakeless');
  await rememberRotation(stateDir, { trustDomain: 'prod', sequence: 4, ...rest });
  expect((await annotate(LATER)).annotation.sequence).toBe(4);
});

it.each<[string, () => Promise<unknown>]>([
  [
    'that the API server refuses',
    () => annotate(LATER, () => Promise.reject(new Error('forbidden'))),
  ],
  ['without a kubelet.conf', () => annotate(LATER, undefined, root)],
])('%s is a warning', async (_, run) => {
  await run();
  expect(said).toEqual([expect.stringMatching(/^warning: the Node object does not say/)]);
});
