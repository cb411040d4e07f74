/** The plain template: for CloudFormation alone, with parameters for what it leaves open. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { readConfig } from '../../infra/config.ts';
import {
  type ArtifactProps,
  buildTemplate,
  TEMPLATE,
} from '../../infra/template/build-template.ts';
import { clusterOf } from '../support/many-nodes.ts';
import {
  codeDir,
  ofType,
  resourcesOf,
  stackOf,
  withoutStackTraces,
} from '../support/synthesize.ts';

const code = codeDir();

function build(config?: ArtifactProps['config']): Record<string, Buffer> {
  const out = join(mkdtempSync(join(tmpdir(), 'cakeless-artifact-')), 'template');
  // scanners.slow.test.ts builds a validated one
  withoutStackTraces(() => buildTemplate({ out, config, codeDir: code, validated: false }));
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(out, name)).isFile(),
  );
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(out, name))]));
}

const templateOf = (files: Record<string, Buffer>) => JSON.parse(String(files[TEMPLATE]));

const open = build();
const template = templateOf(open);

it('has a template, its description, and a zip for each function', () => {
  expect(Object.keys(open).map((name) => name.replace(/[0-9a-f]{16}/, 'DIGEST'))).toEqual([
    'README.md',
    TEMPLATE,
    'functions/create-ca-DIGEST.zip',
    'functions/reconcile-DIGEST.zip',
    'functions/sign-DIGEST.zip',
    'functions/triage-DIGEST.zip',
    'functions/watch-signatures-DIGEST.zip',
  ]);
});

it('each function has a zip with its bundle, in the bucket and under the prefix that the parameters name', () => {
  const functions = ofType(template.Resources, 'AWS::Lambda::Function');
  expect(functions).toHaveLength(5);
  for (const [, { Properties }] of functions) {
    const { S3Bucket, S3Key } = Properties.Code;
    expect(S3Bucket).toEqual({ Ref: 'CodeBucket' });
    const [, name] = /^\$\{CodePrefix\}(.+)$/.exec(S3Key['Fn::Sub']) ?? [];
    const entries = unzipSync(open[name ?? ''] ?? Buffer.of());
    expect(Object.keys(entries)).toEqual(['index.mjs']);
    const own = Properties.FunctionName.replace('cakeless-', '');
    expect(Buffer.from(entries['index.mjs'] ?? []).toString()).toContain(`'${own}'`);
  }
});

it('is the same in two builds, byte for byte', () => {
  const again = build();
  expect(Object.keys(again)).toEqual(Object.keys(open));
  for (const [name, bytes] of Object.entries(again))
    expect(bytes.equals(open[name] ?? Buffer.of())).toBe(true);
});

it('needs no bootstrap', () => {
  expect(JSON.stringify(template)).not.toMatch(/cdk-hnb659fds|BootstrapVersion|cdk-bootstrap/);
  expect(template.Rules).toBeUndefined();
});

it('requires a bucket, a deployer, and who may be node, operator, approver and auditor', () => {
  const parameters = Object.entries<{ Default?: string; Description: string }>(template.Parameters);
  const required = parameters
    .filter(([, { Default }]) => Default === undefined)
    .map(([name]) => name);
  expect(required).toEqual([
    'CodeBucket',
    'DeployerArn',
    'NodePrincipal',
    'OperatorPrincipal',
    'ApproverPrincipal',
    'AuditorPrincipal',
  ]);
  for (const [name, { Description }] of parameters)
    expect(String(open['README.md'])).toContain(`- \`${name}\`: ${Description}`);
});

it.each([
  [
    'the deployer',
    'DeployerArn',
    'arn:aws:iam::111122223333:role/pipeline',
    'arn:aws:iam::111122223333:role/*',
  ],
  ['the deployer', 'DeployerArn', 'arn:aws:iam::111122223333:root', 'pipeline'],
  ['a principal', 'ApproverPrincipal', 'account', '*'],
  ['a principal', 'ApproverPrincipal', '111122223333', 'ec2.amazonaws.com'],
  [
    'a principal',
    'NodePrincipal',
    'arn:aws:iam::111122223333:role/broker',
    'rolesanywhere.amazonaws.com',
  ],
  ['the topic', 'AlarmTopicArn', 'none', 'topic'],
  ['the prefix', 'CodePrefix', 'cakeless/', 'cakeless'],
])('%s: %s can be %s, but not %s', (_, parameter, good, bad) => {
  const pattern = new RegExp(template.Parameters[parameter].AllowedPattern);
  expect(good).toMatch(pattern);
  expect(bad).not.toMatch(pattern);
});

it('everything that is not a parameter is as in the app of the same configuration', () => {
  const config = readConfig('infra/examples/fleet.config.json');
  const { Resources, Parameters } = templateOf(build(config));
  const app = resourcesOf(stackOf(config, code));
  expect(Object.keys(Parameters)).toEqual(['CodeBucket', 'CodePrefix']);
  const withoutCode = (resources: typeof app) =>
    Object.fromEntries(
      Object.entries(resources).map(([id, { Properties, ...resource }]) => {
        const { Code: _, ...properties } = Properties ?? {};
        return [id, { ...resource, Properties: properties }];
      }),
    );
  expect(withoutCode(Resources)).toEqual(withoutCode(app));
});

describe('nested stacks', () => {
  const files = build(clusterOf(4, 2));

  it('are files of the artifact', () => {
    const stacks = ofType(templateOf(files).Resources, 'AWS::CloudFormation::Stack');
    expect(stacks).toHaveLength(2);
    for (const [, { Properties }] of stacks) {
      const url = JSON.stringify(Properties.TemplateURL);
      expect(url).toContain('{"Ref":"CodeBucket"}');
      const [, name = ''] = /\$\{CodePrefix\}(stacks\/[0-9a-f]+\.json)/.exec(url) ?? [];
      expect(JSON.parse(String(files[name]))).toHaveProperty('Resources');
    }
  });

  it('are in a folder that the README of the artifact and docs/deployment.md upload, as every other', () => {
    const folders = new Set(
      Object.keys(files)
        .map(dirname)
        .filter((folder) => folder !== '.'),
    );
    expect([...folders].sort()).toEqual(['functions', 'stacks']);
    const page = readFileSync('docs/deployment.md', 'utf8');
    const [, fileset = ''] = /fileset\("template", "\{(.+)\}"\)/.exec(page) ?? [];
    for (const folder of folders) {
      const upload = `aws s3 cp --recursive ${folder} s3://BUCKET/${folder}`;
      expect(String(files['README.md'])).toContain(upload);
      expect(page).toContain(upload);
      expect(fileset.split(',')).toContain(`${folder}/*`);
    }
    expect(fileset.split(',')).toContain(TEMPLATE);
  });
});
