/** What a buyer's security team runs over the template: cfn-lint and checkov find nothing that is not explained. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { readConfig } from '../../infra/config.ts';
import { buildTemplate, TEMPLATE } from '../../infra/template/build-template.ts';
import { toolsFolder } from '../support/judges-programs.ts';
import { codeDir, stackOf } from '../support/synthesize.ts';

const MINUTES = 60_000;
const bin = join(toolsFolder(), 'scanners', 'bin');
const installed = existsSync(join(bin, 'checkov'));
if (!installed && process.env.CAKELESS_REQUIRE_JUDGES === '1')
  throw new Error('CAKELESS_REQUIRE_JUDGES=1, but no scanners: run test/tools/install.sh scanners');

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
const CONFIGURATIONS = {
  'the example of a fleet': readConfig('infra/examples/fleet.config.json'),
  'the configuration of this repository': { ...readConfig(), alarms: { topicArn } },
};

describe.each(Object.entries(CONFIGURATIONS))('%s', (_, config) => {
  (installed ? it : it.skip)(
    'has no error in cfn-lint',
    () => {
      const run = scan('cfn-lint', '--non-zero-exit-code', 'error', '--', templateOf(config));
      expect([run.status, errorsIn(run.stdout)]).toEqual([0, []]);
    },
    5 * MINUTES,
  );

  (installed ? it : it.skip)(
    'has no finding in checkov, except those with a reason in the template',
    () => {
      const run = scan(
        'checkov',
        ...['--framework', 'cloudformation', '--skip-download', '--output', 'json'],
        ...['--file', templateOf(config)],
      );
      const { results, summary }: Report = JSON.parse(run.stdout);
      expect(summary.passed).toBeGreaterThan(150);
      expect(results.failed_checks.map(({ check_id, resource }) => [check_id, resource])).toEqual(
        [],
      );
      for (const { check_result } of results.skipped_checks)
        expect(check_result.suppress_comment?.length).toBeGreaterThan(40);
    },
    5 * MINUTES,
  );
});

(installed ? it : it.skip)(
  'the plain template has no error in cfn-lint',
  () => {
    const out = join(mkdtempSync(join(tmpdir(), 'cakeless-scanned-')), 'template');
    buildTemplate({ out, codeDir: codeDir() });
    const run = scan('cfn-lint', '--non-zero-exit-code', 'error', '--', join(out, TEMPLATE));
    expect([run.status, errorsIn(run.stdout)]).toEqual([0, []]);
  },
  5 * MINUTES,
);

interface Check {
  readonly check_id: string;
  readonly resource: string;
  readonly check_result: { readonly suppress_comment?: string };
}

interface Report {
  readonly results: { readonly failed_checks: Check[]; readonly skipped_checks: Check[] };
  readonly summary: { readonly passed: number };
}

function templateOf(config: unknown): string {
  const file = join(mkdtempSync(join(tmpdir(), 'cakeless-scanned-')), 'Cakeless.template.json');
  writeFileSync(file, JSON.stringify(Template.fromStack(stackOf(config)).toJSON()));
  return file;
}

function scan(program: string, ...args: string[]) {
  const home = mkdtempSync(join(tmpdir(), 'cakeless-scanners-'));
  const env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8' };
  return spawnSync(join(bin, program), args, {
    encoding: 'utf8',
    env,
    maxBuffer: 256 * 1024 * 1024, // checkov quotes the resource in each of its checks
  });
}

const errorsIn = (output: string) => output.split('\n').filter((line) => line.startsWith('E'));
