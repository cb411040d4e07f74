/** examples/cdk-app, with the constructs as the package has them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { projectWithPackage } from '../support/built-package.ts';
import { resourcesOf, stackOf } from '../support/synthesize.ts';

const project = projectWithPackage('examples/cdk-app');
const infra = join(project, 'node_modules', 'cakeless', 'infra');

/** Runs in the project, without the flags of this repository's cdk.json. */
function run(program: string, ...args: string[]): string {
  const outdir = mkdtempSync(join(tmpdir(), 'cakeless-cdk-'));
  const env = { PATH: process.env.PATH, HOME: outdir, CDK_OUTDIR: outdir };
  execFileSync(resolve('node_modules', '.bin', program), args, { cwd: project, env });
  return outdir;
}

const templateIn = (outdir: string, stack: string) =>
  JSON.parse(readFileSync(join(outdir, `${stack}.template.json`), 'utf8'));

it('compiles in strict mode, with the declarations of the package checked too', () => {
  expect(() => run('tsc', '-p', '.')).not.toThrow();
});

it('synthesizes the template that the repository does for the same configuration', async () => {
  const { Resources } = templateIn(run('tsx', 'app.ts'), 'Cakeless');
  const { config } = await import(resolve('examples/cdk-app/config.ts'));
  expect(Resources).toEqual(resourcesOf(stackOf(config, join(infra, 'functions'))));
  expect(Object.keys(Resources).length).toBeGreaterThan(80);
});

it('synthesizes a stack that is built from the constructs', () => {
  const { Resources } = templateIn(run('tsx', 'own-stack.ts'), 'Platform');
  const alarms = Object.values<{ Type: string; Properties: { AlarmActions?: unknown } }>(
    Resources,
  ).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  expect(alarms.length).toBeGreaterThan(20);
  for (const { Properties } of alarms)
    expect(Properties.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^OnCall/) }]);
});

it('the package depends only on the CDK, which the app installs', () => {
  const files = readdirSync(infra, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('functions'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  const imported = files.flatMap((text) =>
    [...text.matchAll(/^(?:import|export)[^;]*? from ['"]([^'".][^'"]*)['"]/gm)].map(
      ([, name = '']) => name.split('/')[0],
    ),
  );
  const packages = new Set(imported.filter((name) => !name?.startsWith('node:')));
  expect([...packages].sort()).toEqual(['aws-cdk-lib', 'constructs']);
});

it('the package can be required by an app that is CommonJS', () => {
  const program = "console.log(typeof require('cakeless/infra').CakelessStack)";
  const args = ['--no-warnings', '-e', program];
  expect(execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' })).toBe(
    'function\n',
  );
});
