/** The workflow of examples/cluster-records does what its README says, on `cakeless local`. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { environmentOf } from '../../client/local-environments.ts';
import { RunningService } from '../support/running-service.ts';
import { readWorkflow, runJob } from './workflow.ts';

const EXAMPLE = 'examples/cluster-records';
const workflow = readWorkflow(`${EXAMPLE}/.github/workflows/cluster-records.yaml`);
const top = mkdtempSync(join(tmpdir(), 'cakeless-cluster-records-'));
const checkout = join(top, 'checkout');
const bundle = join(top, 'cakeless.mjs');
let service: RunningService;
let runs = 0;

beforeAll(async () => {
  cpSync(EXAMPLE, checkout, { recursive: true });
  const entry = join(top, 'entry.ts');
  const run = JSON.stringify(resolve('client/run.ts'));
  writeFileSync(entry, `import { run } from ${run};\nawait run(process.argv.slice(2));\n`);
  const require =
    "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
  execFileSync('node_modules/.bin/esbuild', [
    ...[entry, '--bundle', '--platform=node', '--format=esm', '--main-fields=module,main'],
    ...[`--outfile=${bundle}`, '--log-level=error', `--banner:js=#!/usr/bin/env node\n${require}`],
  ]);
  service = await RunningService.start();
  for (const trustDomain of ['prod', 'staging'])
    await service.invoke('cakeless-create-ca', { trustDomain });
});

afterAll(async () => {
  await service.close();
  rmSync(top, { recursive: true });
});

/** The roles of the deployment, as principals of the local service; those of the repository may do nothing else. */
const PRINCIPALS: Readonly<Record<string, string>> = { auditors: 'auditor', operators: 'operator' };

function job(name: string, variables: Readonly<Record<string, string>> = {}) {
  const { local } = service;
  const environment = (principal: string) =>
    environmentOf(local, service.settings(principal).credentials);
  const { AWS_REGION = '', CAKELESS_AUTHORITY_BUCKET = '' } = environment('operator');
  runs += 1;
  return runJob(workflow, name, {
    checkout,
    temporary: join(top, `run-${runs}`),
    variables: {
      AWS_REGION,
      CAKELESS_AUTHORITY_BUCKET,
      CAKELESS_URL: pathToFileURL(bundle).href,
      CAKELESS_SHA256: createHash('sha256').update(readFileSync(bundle)).digest('hex'),
      AUDITORS_ROLE: 'auditors',
      OPERATORS_ROLE: 'operators',
      ...variables,
    },
    assume: (role) => environment(PRINCIPALS[role] ?? 'auditor'),
  });
}

function edit(file: string, from: string, to: string): void {
  const path = join(checkout, 'clusters', file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

it('a pull request shows what would change, main applies it, and a mistake fails the pull request', async () => {
  const first = await job('preview');
  expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('+cluster: prod\n')]);
  expect(first.summary).toContain('+cluster: staging\n');
  expect(await service.keys('authority', 'clusters/')).toEqual([]);

  const applied = await job('apply');
  expect([applied.exitCode, applied.output]).toEqual([
    0,
    expect.stringContaining('clusters/prod.yaml: cluster prod created\n'),
  ]);
  const keys = ['clusters/prod.json', 'clusters/staging.json'];
  expect(await service.keys('authority', 'clusters/')).toEqual(keys);
  expect(await service.text('authority', 'clusters/prod.json')).not.toContain('schema');

  edit('prod.yaml', 'v1.37.2', 'v1.37.3');
  const changed = await job('preview');
  expect(changed.summary).toContain('\n-kubernetesVersion: v1.37.2\n+kubernetesVersion: v1.37.3\n');
  expect(changed.summary).toContain('cluster staging unchanged (dry run)');

  edit('staging.yaml', 'role: worker', 'role: master');
  const mistaken = await job('preview');
  expect(mistaken.exitCode).toBe(2);
  expect(mistaken.summary).toContain('clusters/staging.yaml: nodeRules[0].role: must be one of');
  expect((await job('apply')).exitCode).toBe(2);
  expect(await service.text('authority', 'clusters/prod.json')).toContain('"v1.37.2"');
  edit('staging.yaml', 'role: master', 'role: worker');
});

it('the role of the preview cannot write', async () => {
  const before = await service.text('authority', 'clusters/prod.json');
  edit('prod.yaml', 'requiredApprovals: 2', 'requiredApprovals: 3');
  const denied = await job('apply', { OPERATORS_ROLE: 'auditors' });
  edit('prod.yaml', 'requiredApprovals: 3', 'requiredApprovals: 2');
  expect(denied.exitCode).toBe(6);
  expect(await service.text('authority', 'clusters/prod.json')).toBe(before);
});

it('a file with a different digest is not run', async () => {
  const run = await job('preview', { CAKELESS_SHA256: '0'.repeat(64) });
  expect(run.exitCode).toBe(1);
  expect(run.output).toContain('cakeless.mjs: FAILED');
});
