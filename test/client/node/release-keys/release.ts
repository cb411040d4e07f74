/** A control plane whose CA keys were adopted, new for each test. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../../../../client/errors.ts';
import type { ReleaseOptions } from '../../../../client/node/release-keys/options.ts';
import { releaseKeys } from '../../../../client/node/release-keys/release.ts';
import { readRecipient } from '../../../../client/node/release-keys/seal.ts';
import { undoRelease } from '../../../../client/node/release-keys/undo.ts';
import { signingFlagsIn } from '../../../../client/node/restart/signing-flags.ts';
import {
  AdoptedNode,
  adoptedTemplate,
  CA_KEYS,
  makeRecipient,
  manifestText,
} from '../../../support/adopted-node.ts';
import type { OpensslNode } from '../../../support/openssl-node.ts';

export const root = mkdtempSync(join(tmpdir(), 'cakeless-release-'));
export let template: OpensslNode;
export let recipientFile: string;
export let node: AdoptedNode;
let count = 0;

beforeAll(() => {
  template = adoptedTemplate(join(root, 'template'));
  recipientFile = makeRecipient(join(root, 'recipient'));
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(async () => {
  count += 1;
  mkdirSync(join(root, `out-${count}`));
  node = await AdoptedNode.copy(template, join(root, `node-${count}`));
});
afterEach(() => node.kubelet.close());

export const PLAIN: ReleaseOptions = { seal: undefined, withoutForwarder: undefined };
export const out = (name: string) => join(root, `out-${count}`, name);
/** The recipient's key is elsewhere: only its certificate is on the node. */
export const recipientOf = (pem: string, file = out('recipient.crt')) => {
  writeFileSync(file, pem);
  return readRecipient(pem, file, new Date());
};
export const sealing = (file = out('keys.cms')): ReleaseOptions => ({
  ...PLAIN,
  seal: { file, recipient: recipientOf(readFileSync(recipientFile, 'utf8')) },
});

export const release = (options: ReleaseOptions = PLAIN) => releaseKeys(node.deps(), options);
/** From the start of the second process, the kubelet starts and stops nothing. */
export function kubeletHangsAfterOneRestart(): void {
  const look = node.kubelet.look.bind(node.kubelet);
  const { length } = node.kubelet.started;
  node.kubelet.look = () => (node.kubelet.started.length > length ? undefined : look());
}
export const onlyHealthyWithKeys = (words: readonly string[]) =>
  [...signingFlagsIn(words).values()].some((value) => value !== '');
export const keysLeft = () => CA_KEYS.filter((path) => existsSync(node.at(path)));
export const original = () => manifestText(node.folder, node.port);
export const emptied = () => original().replaceAll(/(--cluster-signing-[a-z-]+=)[^\s"]*/g, '$1');
export const signs = () =>
  [...signingFlagsIn(node.kubelet.words ?? []).values()].some((value) => value !== '');
export async function failure(action: Promise<unknown>): Promise<CommandError> {
  const error = await action.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof CommandError)) throw error ?? new Error('it did not fail');
  return error;
}
export const asBefore = () => {
  expect(node.manifest).toBe(original());
  expect(keysLeft()).toEqual([...CA_KEYS]);
  expect(signs()).toBe(true);
};
export const isReleased = () => {
  expect(node.manifest).toBe(emptied());
  expect(keysLeft()).toEqual([]);
  expect(signs()).toBe(false);
  expect(readdirSync(node.at('manifests'))).toEqual(['kube-controller-manager.yaml']);
};

export const losing = (extensions: number) => {
  let left = extensions;
  const extend = async () => {
    left -= 1;
    if (left < 0) throw new Error('the restart lease went to another node');
  };
  return node.deps({ lease: async () => ({ extend, release: async () => {} }) });
};

export const undo = (...files: string[]) =>
  undoRelease(
    node.deps(),
    files.map((file) => ({ file, text: readFileSync(file, 'utf8') })),
    false,
  );
export const backups = () => CA_KEYS.map((path) => join(template.folder, path));
