/**
 * The release of CA keys, and its undoing, are killed or fail at each call that changes a file of the node: no key is gone
 * before it is sealed, the manifest is the old one or the new one, and the next run completes the work.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  AdoptedNode,
  adoptedTemplate,
  CA_KEYS,
  makeRecipient,
  manifestText,
  openSealed,
} from '../../../support/adopted-node.ts';
import { KilledCommand, type ShimOptions } from '../../../support/killed-command.ts';
import type { OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-release-kill-'));
const command = new KilledCommand(resolve('test', 'support', 'release-program.ts'));
let template: OpensslNode;
let recipient: string;
const recipientKey = join(root, 'away', 'recipient.key');
let count = 0;

beforeAll(() => {
  template = adoptedTemplate(join(root, 'template'));
  recipient = makeRecipient(join(root, 'recipient'));
  // not beside its certificate, where the command would find it
  mkdirSync(dirname(recipientKey));
  renameSync(join(root, 'recipient.key'), recipientKey);
});
afterAll(() => {
  command.close();
  rmSync(root, { recursive: true });
});

interface Made {
  readonly folder: string;
  readonly sealed: string;
  readonly before: string;
}

async function newNode(): Promise<Made> {
  count += 1;
  const folder = join(root, `node-${count}`);
  const node = await AdoptedNode.copy(template, folder);
  node.kubelet.close();
  writeFileSync(`${folder}-port`, String(node.port));
  return { folder, sealed: `${folder}.cms`, before: manifestText(folder, node.port) };
}

const release = ({ folder, sealed }: Made, shim: ShimOptions = {}) =>
  command.run(folder, {}, [folder, 'release', recipient, sealed], shim);
const undo = ({ folder }: Made, shim: ShimOptions = {}) =>
  command.run(
    folder,
    {},
    [folder, 'undo', ...CA_KEYS.map((key) => join(template.folder, key))],
    shim,
  );

const emptied = (text: string) => text.replaceAll(/(--cluster-signing-[a-z-]+=)[^\s"]*/g, '$1');
const keysIn = ({ folder }: Made) => CA_KEYS.filter((key) => existsSync(join(folder, key)));
const isHeld = ({ folder }: Made) =>
  join(folder, 'cakeless', 'held-manifests', 'kube-controller-manager.yaml');

/** What must be true at any moment. */
function requireWhole(made: Made, at: string): void {
  const { folder, sealed, before } = made;
  const names = readdirSync(join(folder, 'manifests'));
  expect([at, names.filter((name) => name !== 'kube-controller-manager.yaml')]).toEqual([at, []]);
  const file = join(folder, 'manifests', 'kube-controller-manager.yaml');
  const text = readFileSync(existsSync(file) ? file : isHeld(made), 'utf8');
  expect([at, [before, emptied(before)].includes(text)]).toEqual([at, true]);
  if (keysIn(made).length === CA_KEYS.length) return;
  expect([at, text]).toEqual([at, emptied(before)]);
  const opened = openSealed(sealed, recipientKey);
  for (const key of CA_KEYS)
    expect([at, opened]).toEqual([
      at,
      expect.stringContaining(readFileSync(join(template.folder, key), 'utf8')),
    ]);
}

function requireReleased(made: Made, at: string): void {
  requireWhole(made, at);
  const file = join(made.folder, 'manifests', 'kube-controller-manager.yaml');
  expect([at, keysIn(made), readFileSync(file, 'utf8')]).toEqual([at, [], emptied(made.before)]);
}

function requireUndone(made: Made, at: string): void {
  const file = join(made.folder, 'manifests', 'kube-controller-manager.yaml');
  expect([at, keysIn(made), readFileSync(file, 'utf8')]).toEqual([at, [...CA_KEYS], made.before]);
  for (const key of CA_KEYS)
    expect(readFileSync(join(made.folder, key))).toEqual(readFileSync(join(template.folder, key)));
}

it('after a kill at any file change, nothing is lost, and the next run completes the release', async () => {
  const whole = await newNode();
  const { calls, exposed, status, stderr } = release(whole);
  expect([status, stderr, exposed]).toEqual([0, '', []]);
  requireReleased(whole, 'not killed');
  expect(calls.length).toBeGreaterThan(40);
  for (let call = 1; call <= calls.length; call++) {
    const made = await newNode();
    const killed = release(made, { killAt: call });
    const at = `killed at call ${call} of ${calls.length} (${calls[call - 1]?.name} ${calls[call - 1]?.path})`;
    expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
    requireWhole(made, at);
    const next = release(made);
    expect([at, next.status, next.stderr]).toEqual([at, 0, '']);
    requireReleased(made, at);
  }
}, 1_800_000);

it('a full, broken or read-only disk is an error; nothing is lost, and the next run completes the release', async () => {
  const { calls } = release(await newNode());
  const codes = ['ENOSPC', 'EIO', 'EROFS'];
  for (let call = 1; call <= calls.length; call += 3) {
    const made = await newNode();
    const code = codes[call % codes.length] ?? 'EIO';
    const at = `${code} at call ${call}`;
    release(made, { failAt: call, failWith: code });
    requireWhole(made, at);
    const next = release(made);
    expect([at, next.status, next.stderr]).toEqual([at, 0, '']);
    requireReleased(made, at);
  }
}, 1_800_000);

it('an undoing that is killed at any file change is completed by the next one', async () => {
  const whole = await newNode();
  release(whole);
  const { calls, exposed, status, stderr } = undo(whole);
  expect([status, stderr, exposed]).toEqual([0, '', []]);
  requireUndone(whole, 'not killed');
  for (let call = 1; call <= calls.length; call++) {
    const made = await newNode();
    release(made);
    const killed = undo(made, { killAt: call });
    const at = `killed at call ${call} of ${calls.length} (${calls[call - 1]?.name} ${calls[call - 1]?.path})`;
    expect([at, killed.signal]).toEqual([at, 'SIGKILL']);
    const next = undo(made);
    const isDone = next.stderr.includes('nothing to undo');
    expect([at, isDone || next.status === 0 ? '' : next.stderr]).toEqual([at, '']);
    requireUndone(made, at);
  }
}, 1_800_000);
