/** `cakeless local` where its environment file, its folder or its data cannot be used. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../../local/data-folder.ts';
import { lockFolder } from '../../../local/folder-lock.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { startServiceProcess } from '../../support/running-service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-local-'));
const local = (data: string, ...more: string[]) =>
  cakeless({}, 'local', '--port', '0', '--data', data, ...more);

afterAll(() => rmSync(folder, { recursive: true }));

/** Nothing uses the folder. */
const expectFree = async (data: string) => (await lockFolder(data))();

it('stops if the environment file cannot be written', async () => {
  const file = join(folder, 'nonexistent', 'env');
  expect(await local(join(folder, 'data'), '-e', file)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `cakeless: ${file}: no such file or directory\n`,
  });
  await expectFree(join(folder, 'data'));
});

it.each(['-e', '--write-env', '--env-file'])('%s names the environment file', async (option) => {
  const data = join(folder, `data${option}`);
  const file = join(folder, 'no', 'folder');
  expect(await local(data, option, file)).toMatchObject({
    exitCode: 2,
    stderr: `cakeless: ${file}: no such file or directory\n`,
  });
});

it.each([
  ['a link to a file', (path: string) => symlinkSync(join(folder, 'target'), path)],
  ['a link to nothing', (path: string) => symlinkSync(join(folder, 'nothing'), path)],
  ['a folder', (path: string) => mkdirSync(path)],
])('does not write its environment to %s', async (name, make) => {
  writeFileSync(join(folder, 'target'), 'theirs');
  const file = join(folder, `env of ${name}`);
  make(file);
  expect(await local(join(folder, 'data-links'), '-e', file)).toMatchObject({
    exitCode: 2,
    stderr: `cakeless: ${file}: not a regular file\ncakeless: hint: name another file\n`,
  });
  expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('theirs');
  expect(existsSync(join(folder, 'nothing'))).toBe(false);
});

describe('while it runs', () => {
  it('its environment file is private even if it was not before, and its folder is in use', async () => {
    writeFileSync(join(folder, 'env'), 'a longer text than the new one\n'.repeat(100));
    chmodSync(join(folder, 'env'), 0o644);
    const opened = openSync(join(folder, 'env'), 'r');
    const service = await startServiceProcess(folder);
    try {
      expect(statSync(service.envFile).mode & 0o777).toBe(0o600);
      expect(readFileSync(service.envFile, 'utf8')).not.toContain('longer');
      // someone who had the file open reads the old one
      expect(readFileSync(opened, 'utf8')).not.toContain('AWS_SECRET_ACCESS_KEY');
      const { exitCode, stderr } = await local(join(folder, 'data'));
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringMatching(
          /^cakeless: .*data: in use by process \d+\ncakeless: hint: stop it, or choose .* --data\n$/,
        ),
      ]);
    } finally {
      closeSync(opened);
      await service.stop();
    }
  });
});

it.each(['file', 'file/below'])('refuses %s as its folder', async (path) => {
  writeFileSync(join(folder, 'file'), '');
  const data = join(folder, path);
  expect(await local(data)).toMatchObject({
    exitCode: 2,
    stderr: `cakeless: ${data}: not a folder\ncakeless: hint: choose another folder with --data\n`,
  });
});

it('refuses a folder that holds other files, and writes nothing to it', async () => {
  const data = join(folder, 'documents');
  mkdirSync(data);
  writeFileSync(join(data, 'thesis.txt'), '');
  expect(await local(data)).toMatchObject({
    exitCode: 2,
    stderr: `cakeless: ${data}: contains files that are not from cakeless local\ncakeless: hint: choose a new folder with --data, or an empty one that only you can write to\n`,
  });
  expect(readdirSync(data)).toEqual(['thesis.txt']);
});

it('releases port and folder if the environments of principals cannot be written', async () => {
  const data = join(folder, 'occupied');
  await (await openDataFolder(data))();
  writeFileSync(join(data, 'environments'), '');
  const servers = () => process.getActiveResourcesInfo().filter((it) => it === 'TCPServerWrap');
  const before = servers();
  expect(await local(data)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(join(data, 'environments')),
  });
  expect(servers()).toEqual(before);
  await expectFree(data);
});
