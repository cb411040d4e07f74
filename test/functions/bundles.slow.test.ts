/** What a function loads before its first event: every byte is read and compiled at each cold start. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ENVIRONMENT } from '../../lib/environment-names.ts';

const execute = promisify(execFile);

interface Metadata {
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, { readonly bytes: number; readonly inputs: object }>;
  readonly atInit: readonly string[];
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cakeless-bundles-'));
  const program = ['functions/bundle.mjs', join(folder, 'functions'), join(folder, 'meta')];
  await execute(process.execPath, program);
});
afterAll(() => rm(folder, { recursive: true }));

async function metadataOf(name: string): Promise<Metadata> {
  return JSON.parse(await readFile(join(folder, 'meta', `${name}.json`), 'utf8'));
}

/** In KB of 1,024 bytes: for `sign` its aim, for the others slightly more than their current size. */
it.each([
  ['triage', 220],
  ['sign', 400],
  ['create-ca', 576],
  ['reconcile', 348],
  ['watch-signatures', 364],
])('%s loads at most %d KB before its first event', async (name, limit) => {
  const { atInit, outputs } = await metadataOf(name);
  const bytes = atInit.reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
  expect(bytes / 1024).toBeLessThan(limit);
  expect(bytes / 1024).toBeGreaterThan(limit * 0.85); // else the limit is too high
});

it.each([
  ['KMS', 'client-kms/'],
  ['lint', 'lib/issuance/lint.ts'],
  ['what stores certificates', 'lib/issuance/obtain.ts'],
  ['approvals', 'lib/policy/approval.ts'],
  ['the judge of users', 'lib/policy/user-judge.ts'],
  ['the judge of CSRs of the certificates API', 'lib/policy/api-judge.ts'],
  ['names of kubelets', 'lib/cluster/trust-domain-names.ts'],
])('sign loads %s with the first request that needs it', async (_, part) => {
  const { atInit, outputs } = await metadataOf('sign');
  const holders = Object.entries(outputs).flatMap(([file, { inputs }]) =>
    Object.keys(inputs).some((input) => input.includes(part)) ? [file] : [],
  );
  expect(holders).not.toEqual([]);
  expect(holders.filter((file) => atInit.includes(file))).toEqual([]);
});

it('a bundle contains nothing that functions never need', async () => {
  for (const name of await readdir(join(folder, 'functions'))) {
    const { outputs } = await metadataOf(name);
    const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
    expect(inputs.filter((input) => /credential-provider-(?!env)|bowser/.test(input))).toEqual([]);
  }
});

it.each(['triage', 'sign', 'create-ca', 'reconcile', 'watch-signatures'])(
  'the bundle of %s starts without a call to AWS',
  async (name) => {
    const bundle = pathToFileURL(join(folder, 'functions', name, 'index.mjs')).href;
    const script = `console.log(typeof (await import(${JSON.stringify(bundle)})).handler)`;
    const settings = Object.values(ENVIRONMENT).filter((variable) => !/RULES$/.test(variable));
    const env = {
      AWS_REGION: 'eu-central-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...Object.fromEntries(settings.map((variable) => [variable, 'set'])),
    };
    const ended = execute(process.execPath, ['--input-type=module', '-e', script], { env });
    expect(await ended).toEqual({ stdout: 'function\n', stderr: '' });
  },
);

it('the folder of a function contains only what esbuild reports for it', async () => {
  const { outputs } = await metadataOf('sign');
  const files = await readdir(join(folder, 'functions', 'sign'), { recursive: true });
  const deployed = files.filter((file) => file.endsWith('.mjs')).length;
  expect(deployed).toBe(Object.keys(outputs).length);
  expect(files.length).toBe(deployed + 1); // and chunks/ itself
});

describe('the licenses of the packages in the bundles', () => {
  const notices = (meta: string) =>
    execute(process.execPath, ['release/notices.mjs', meta, join(folder, 'notices')]);

  it('are collected, each text once', async () => {
    await notices(join(folder, 'meta'));
    const text = await readFile(join(folder, 'notices'), 'utf8');
    expect(text).toMatch(/^@aws-sdk\/client-s3 3\.\S+ \(Apache-2\.0\)$/m);
    expect(text).toMatch(/^@middy\/core \S+ \(MIT\)\n\nCopyright \(c\) .*Middy team/m);
    expect(text.match(/Copyright \(c\) \d+ Colin McDonnell/g)).toHaveLength(1);
  });

  it('must be on the list', async () => {
    const meta = join(folder, 'refused');
    await mkdir(meta);
    const inputs = { 'node_modules/@cloud-copilot/iam-simulate/index.js': { bytesInOutput: 1 } };
    await writeFile(
      join(meta, 'one.json'),
      JSON.stringify({ outputs: { 'index.mjs': { inputs } } }),
    );
    await expect(notices(meta)).rejects.toMatchObject({
      stderr: expect.stringMatching(/not on the list.*: @cloud-copilot\/iam-simulate .*AGPL/),
    });
  });
});
