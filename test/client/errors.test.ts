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

it('a directory instead of a file is a usage error', () => {
  const error = Object.assign(new Error('EISDIR: illegal operation on a directory, read'), {
    code: 'EISDIR',
  });
  expect(unusableFile('x', error)).toMatchObject({ code: 'usage', message: 'x: is a directory' });
});

/** A platform team's first call: everything is set, but nothing answers. */
const CONFIGURED = {
  CAKELESS_EXCHANGE_BUCKET: 'exchange',
  CAKELESS_AUTHORITY_BUCKET: 'authority',
  CAKELESS_DEBUG: undefined,
  AWS_PROFILE: undefined,
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_MAX_ATTEMPTS: '1',
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
};

const SETTINGS: readonly (readonly [
  string,
  Partial<Record<keyof typeof CONFIGURED, string | undefined>>,
  RegExp,
])[] = [
  ['no region', { AWS_REGION: undefined }, /: the AWS region is not set$/],
  ['an empty region', { AWS_REGION: '' }, /: the AWS region is not set$/],
  [
    'a region that does not exist',
    { AWS_REGION: 'eu central' },
    /: the AWS region is not the name of a region$/,
  ],
  [
    'no credentials',
    { AWS_ACCESS_KEY_ID: undefined },
    /: Could not load credentials from any providers$/,
  ],
  [
    'an unknown profile',
    { AWS_ACCESS_KEY_ID: undefined, AWS_PROFILE: 'none' },
    /: Could not load credentials/,
  ],
];

describe.each([
  ['a function', ['trust-domain', 'create', 'prod']],
  ['a bucket', ['cluster', 'show', 'prod']],
])('a call to %s', (_, args) => {
  it.each(SETTINGS)(
    'with %s is a usage error that says what to set',
    async (_, changed, problem) => {
      const { exitCode, stderr } = await cakeless({ ...CONFIGURED, ...changed }, ...args);
      const [hint = '', message = ''] = stderr.trim().split('\n').reverse();
      expect([exitCode, message]).toEqual([2, expect.stringMatching(problem)]);
      expect(hint).toMatch(/^cakeless: hint: set AWS_REGION, AWS credentials, and .*--write-env/);
    },
  );
});

it.each([
  ['pending', 'CAKELESS_EXCHANGE_BUCKET'],
  ['cluster show prod', 'CAKELESS_AUTHORITY_BUCKET'],
])('%s says to set %s', async (words, name) => {
  expect(await cakeless({ ...CONFIGURED, [name]: undefined }, ...words.split(' '))).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringMatching(
      new RegExp(
        `^cakeless: the environment variable ${name} is not set\ncakeless: hint: set it to the name `,
      ),
    ),
  });
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
