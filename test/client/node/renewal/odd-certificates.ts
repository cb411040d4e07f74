/** A node in which one certificate is replaced by an odd one. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as describeReport } from '../../../../client/commands/renew.ts';
import type { RenewalDeps, RenewalOptions } from '../../../../client/node/renewal/options.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { LEAVES, type LeafOptions, OpensslNode } from '../../../support/openssl-node.ts';
import { clockAhead, renewalOptions } from '../../../support/renewal.ts';

export const root = mkdtempSync(join(tmpdir(), 'cakeless-odd-'));
export const whole = new OpensslNode(join(root, 'whole'));
beforeAll(() => whole.make());
afterAll(() => rmSync(root, { recursive: true }));

const leafAt = (path: string) => LEAVES.find((leaf) => leaf.path === path) as LeafOptions;

/** A copy of the node in which one certificate is another one. */
export function nodeWith(change: Partial<LeafOptions> & { path: string }): string {
  const folder = mkdtempSync(join(root, 'node-'));
  cpSync(whole.folder, folder, { recursive: true });
  new OpensslNode(folder).makeLeaf({ ...leafAt(change.path), ...change });
  return folder;
}

export const foldersOf = (folder: string) => ({
  kubeconfigDir: folder,
  certDir: join(folder, 'pki'),
});

export async function renewAll(folder: string, more: Partial<RenewalOptions> = {}) {
  const store = new MemoryStore();
  const deps: RenewalDeps = {
    folders: foldersOf(folder),
    stateDir: join(folder, 'cakeless'),
    timeoutSeconds: 0,
    terminal: { print: () => undefined, progress: () => undefined },
    clock: clockAhead(0),
    exchange: async () => store,
    lease: () => Promise.reject(new Error('nothing is restarted')),
  };
  const options = { cluster: 'prod', request: 'r', waitSeconds: 0, ...more };
  const report = await renew(deps, renewalOptions({ node: 'cp-1' }, ['all'], options));
  const requested = store.calls.filter(({ call }) => call === 'create').map(({ key }) => key);
  return { report, requested, text: describeReport(report).join('\n') };
}

export const { names: apiserverNames = '' } = leafAt('pki/apiserver');
