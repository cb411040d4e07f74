/** Reading always ends, whatever has the name of the file. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { MAX_FILE_BYTES, readFile, readGivenFile } from '../../../lib/files/read-file.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-read-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (name: string) => join(root, name);

it('a file is read with its owner and mode, also through a link', () => {
  writeFileSync(at('a'), 'text', { mode: 0o640 });
  symlinkSync('a', at('link'));
  const { bytes, uid, mode } = readFile(at('link'));
  expect([bytes.toString(), uid, mode & 0o777]).toEqual(['text', process.geteuid?.(), 0o640]);
});

it('a link is an error where it must not be followed', () => {
  writeFileSync(at('a'), 'text');
  symlinkSync('a', at('link'));
  expect(readFile(at('a'), { refusesLink: true }).bytes.toString()).toBe('text');
  expect(() => readFile(at('link'), { refusesLink: true })).toThrow('ELOOP');
});

it('a FIFO is not waited for', () => {
  execFileSync('mkfifo', [at('fifo')]);
  expect(() => readFile(at('fifo'))).toThrow(`${at('fifo')}: not a regular file`);
  expect(() => readGivenFile(at('fifo'))).toThrow('not a regular file');
});

it.each(['/dev/zero', '/dev/null', '/dev/tty'])('the device %s is not opened', (device) => {
  expect(() => readFile(device)).toThrow(/not a regular file|ENOENT|ENXIO/);
});

it('a socket is not opened', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(at('socket'), done));
  expect(() => readFile(at('socket'))).toThrow('not a regular file');
  await new Promise((done) => server.close(done));
});

it('a folder is an error of the system', () => {
  mkdirSync(at('folder'));
  expect(() => readFile(at('folder'))).toThrow('EISDIR');
});

it('no more is read than allowed', () => {
  writeFileSync(at('a'), 'x'.repeat(11));
  expect(readFile(at('a'), { maxBytes: 11 }).bytes).toHaveLength(11);
  expect(() => readFile(at('a'), { maxBytes: 10 })).toThrow('larger than 10 bytes');
  writeFileSync(at('large'), Buffer.alloc(MAX_FILE_BYTES + 1));
  expect(() => readFile(at('large'))).toThrow(`larger than ${MAX_FILE_BYTES} bytes`);
});

it('a file of /proc, whose size is 0, is read whole', () => {
  expect(readFile('/proc/self/stat').bytes.toString()).toMatch(/^\d+ \(/);
});

it('a pipe of this process can be given as a file', () => {
  const module = resolve('lib/files/read-file.ts');
  const contents = `import { readGivenFile } from '${module}'; process.stdout.write(readGivenFile('/dev/stdin'));`;
  const stdin = { contents, resolveDir: root };
  const [program] = buildSync({ stdin, bundle: true, platform: 'node', write: false }).outputFiles;
  writeFileSync(at('read.js'), program?.text ?? '');
  const shell = ['-c', 'printf text | "$0" "$1"', process.execPath, at('read.js')];
  expect(execFileSync('sh', shell).toString()).toBe('text');
});
