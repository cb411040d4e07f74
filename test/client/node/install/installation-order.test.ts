/** Installations are ordered by their sequence, not by the node's clock. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeFile } from '../../../../client/node/disk/file-change.ts';
import {
  applyInstallation,
  prepareInstallation,
} from '../../../../client/node/install/installation.ts';
import {
  listInstallations,
  pruneInstallations,
  record,
} from '../../../../client/node/install/journal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-order-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'a.crt');
const folders = () => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });

async function install(content: string, date: string): Promise<void> {
  const change = changeFile(file(), content, { holdsKey: false, together: false });
  const plan = { names: ['apiserver' as const], cas: [], changes: [change], restarts: [] };
  const prepared = await prepareInstallation(folders(), plan, new Date(date));
  await record(await applyInstallation(prepared), { phase: 'done' });
}

it('rollback undoes the last installation, even if the clock was set back before it', async () => {
  writeFileSync(file(), 'zero');
  await install('one', '2027-06-01T00:00:00Z');
  await install('two', '2026-11-25T00:00:00Z');
  const run = await cakeless({}, 'rollback', '--no-restart', '--kubeconfig-dir', folder);
  expect([run.exitCode, readFileSync(file(), 'utf8')]).toEqual([0, 'one']);
});

it('only the last installations are kept, and the next one comes after them', async () => {
  writeFileSync(file(), 'zero');
  const dates = ['2028-01-01', '2027-01-01', '2029-01-01', '2026-01-01', '2025-01-01'];
  for (const date of dates) {
    await install(date, date);
    await pruneInstallations(join(folder, 'cakeless'));
  }
  const kept = listInstallations(join(folder, 'cakeless'));
  expect(kept.map(({ journal }) => journal.startedAt.slice(0, 10))).toEqual(dates.slice(2));
  expect(kept.map(({ journal }) => journal.sequence)).toEqual([3, 4, 5]);
});
