/** `cakeless local` where its environment file, its folder or its data cannot be used. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cakeless } from '../../support/running-service-command.ts';
import { startServiceProcess } from '../../support/running-service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-local-'));
const lockFile = join(folder, 'data', 'in-use-by.pid');
const local = (data: string, ...more: string[]) =>
  cakeless({}, 'local', '--port', '0', '--data', data, ...more);

afterAll(() => rmSync(folder, { recursive: true }));

it('stops if the environment file cannot be written', async () => {
  const file = join(folder, 'nonexistent', 'env');
  expect(await local(join(folder, 'data'), '-e', file)).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `cakeless: ${file}: no such file or directory\n`,
  });
  expect(existsSync(lockFile)).toBe(false);
});

describe('while it runs', () => {
  it('its environment file is private even if it was not before, and its folder is in use', async () => {
    writeFileSync(join(folder, 'env'), 'a longer text than the new one\n'.repeat(100));
    chmodSync(join(folder, 'env'), 0o644);
    const service = await startServiceProcess(folder);
    try {
      expect(statSync(service.envFile).mode & 0o777).toBe(0o600);
      expect(readFileSync(service.envFile, 'utf8')).not.toContain('longer');
      const { exitCode, stderr } = await local(join(folder, 'data'));
      expect([exitCode, stderr]).toEqual([
        2,
        expect.stringMatching(
          /^cakeless: .*data: in use by process \d+\ncakeless: hint: stop it, or choose .* --data; .*\n$/,
        ),
      ]);
      expect(stderr).toContain(`remove ${lockFile}`);
    } finally {
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

it('releases port and folder if the environments of principals cannot be written', async () => {
  const data = join(folder, 'occupied');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'environments'), '');
  const servers = () => process.getActiveResourcesInfo().filter((it) => it === 'TCPServerWrap');
  const before = servers();
  expect(await local(data)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(join(data, 'environments')),
  });
  expect(servers()).toEqual(before);
  expect(existsSync(join(data, 'in-use-by.pid'))).toBe(false);
});
