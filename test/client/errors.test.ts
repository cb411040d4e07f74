/** The form of errors and hints (docs/style.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unusableFile } from '../../client/errors.ts';
import { cakeless } from '../support/running-service-command.ts';

const WITHOUT_AWS = {
  CAKELESS_EXCHANGE_BUCKET: undefined,
  CAKELESS_AUTHORITY_BUCKET: undefined,
  CAKELESS_DEBUG: undefined,
};

it.each([
  ['an unset variable', ['pending']],
  ['a file that does not exist', ['fetch', '--from', '/nonexistent/answer', '--out', '/tmp']],
  ['a missing option', ['relay', '/nonexistent/request', '--out', '/nonexistent/answer']],
  ['an unknown certificate name', ['standing-approval', 'prod', 'super-admin.conf']],
  ['a file that does not exist', ['cluster', 'apply', 'prod', '-f', '/nonexistent.json']],
  ['an unknown command', ['reenw']],
  ['an invalid option', ['renew', 'all', '--wait', 'soon']],
  ['an invalid argument', ['cluster', 'show', 'PROD']],
])('prints %s to standard error, without full stops', async (_, args) => {
  const { exitCode, stdout, stderr } = await cakeless(WITHOUT_AWS, ...args);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^cakeless: (?!error|hint)[^\n]+[^.\n]\n/);
  for (const line of stderr.trim().split('\n').slice(1))
    expect(line).toMatch(/^cakeless: hint: .*[^.]$/);
});

it.each([
  ['ENOENT', 'usage'],
  ['EISDIR', 'usage'],
  ['ENOTDIR', 'usage'],
  ['ELOOP', 'usage'],
  ['ENAMETOOLONG', 'usage'],
  ['ENOSPC', 'failure'],
  ['EDQUOT', 'failure'],
  ['EIO', 'failure'],
  ['EROFS', 'failure'],
  ['EMFILE', 'failure'],
  ['ESTALE', 'failure'],
])('a file that cannot be used because of %s is a %s error', (code, expected) => {
  const error = Object.assign(new Error(`${code}: the problem, open 'x'`), { code });
  expect(unusableFile('x', error)).toMatchObject({ code: expected, message: 'x: the problem' });
});

it.each([
  ['a function', ['trust-domain', 'create', 'prod']],
  ['a bucket', ['cluster', 'show', 'prod']],
])('says to set AWS_REGION if a call to %s has no region', async (_, args) => {
  const environment = {
    ...WITHOUT_AWS,
    CAKELESS_AUTHORITY_BUCKET: 'authority',
    AWS_REGION: undefined,
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const { exitCode, stderr } = await cakeless(environment, ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(
    /^cakeless: .*: the AWS region is not set\ncakeless: hint: set AWS_REGION; .*\n$/m,
  );
});

it('prints a hint on one more line', async () => {
  const { stderr } = await cakeless(WITHOUT_AWS, 'standing-approval', 'prod', 'super-admin.conf');
  expect(stderr).toMatch(/^cakeless: super-admin\.conf: .*\ncakeless: hint: approve each .*\n$/);
});

it('no text of the command names a file of the repository', () => {
  const files = readdirSync('client', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('demo/'))
    .map((file) => join('client', file));
  const naming = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !/^\s*(?:\/\/|\/?\*)|\bfrom '|\bimport\(/.test(line))
      .map((line) => line.replace(/\s\/\/.*/, ''))
      .filter((line) => /\b(?:docs|lib|client|functions|test)\/[\w./-]+\.(?:md|ts)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(naming).toEqual([]);
});
