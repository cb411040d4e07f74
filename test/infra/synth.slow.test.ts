/** `npm run synth` as in a fresh clone: the same bytes twice, and nothing from the network. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { clusterOf } from '../support/many-nodes.ts';

/** No AWS account, and a proxy that does not exist. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: mkdtempSync(join(tmpdir(), 'cakeless-home-')),
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
  AWS_EC2_METADATA_DISABLED: 'true',
};

function synthesizeTo(...args: string[]): Record<string, string> {
  const out = mkdtempSync(join(tmpdir(), 'cakeless-synth-'));
  execFileSync('npm', ['run', 'synth', '--', '--output', out, ...args], {
    env: ENVIRONMENT,
    stdio: 'pipe',
  });
  return Object.fromEntries(filesOf(out).map((file) => [relative(out, file), digestOf(file)]));
}

function filesOf(folder: string): string[] {
  return (
    readdirSync(folder, { recursive: true, withFileTypes: true })
      // times of the CDK, which are not deployed
      .filter((entry) => entry.isFile() && entry.name !== 'performance-counters.json')
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  );
}

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

it('writes the same templates, asset manifests and bundles twice, without a cdk-nag finding', () => {
  const once = synthesizeTo();
  const twice = synthesizeTo();
  const names = Object.keys(once);
  expect(names).toEqual(
    expect.arrayContaining(['Cakeless.template.json', 'Cakeless.assets.json', 'manifest.json']),
  );
  expect(names.filter((name) => name.endsWith('/index.mjs'))).toHaveLength(5);
  expect(twice).toEqual(once);
});

it('fails on a cdk-nag finding', () => {
  const app = 'npx tsx test/infra/with-finding-app.ts';
  expect(() => synthesizeTo('--app', app)).toThrow(/AwsSolutions-S1/);
});

it('says without a stack trace that a stack has too many nodes', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cakeless-config-')), 'many.json');
  writeFileSync(file, JSON.stringify(clusterOf(160)));
  const said = (() => {
    try {
      return String(synthesizeTo('-c', `config=${file}`));
    } catch (error) {
      return String((error as { stderr?: Buffer }).stderr);
    }
  })();
  expect(said).toContain('160 nodes have a role each: set clusters[].nodes.nestedStacks');
  expect(said).not.toMatch(/^\s+at |node_modules|no user code/m);
});

it('has no finding for the example of a fleet, which has every field', () => {
  const names = Object.keys(synthesizeTo('-c', 'config=infra/examples/fleet.config.json'));
  expect(names).toContain('Cakeless.template.json');
});

it('has no finding for the example with two accounts', () => {
  const key = (id: number) => `arn:aws:kms:eu-central-1:111111111111:key/${id}`;
  const names = Object.keys(
    synthesizeTo(
      ...['--app', 'npx tsx infra/examples/two-accounts-app.ts'],
      ...['-c', `ca=${key(1)}`, '-c', `etcd-ca=${key(2)}`, '-c', `front-proxy-ca=${key(3)}`],
      ...['-c', `kubelet-ca=${key(4)}`],
    ),
  );
  expect(names).toEqual(
    expect.arrayContaining(['Cakeless.template.json', 'CakelessKeys.template.json']),
  );
});
