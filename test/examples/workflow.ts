/** Runs the shell steps of a GitHub Actions workflow as a runner does, with what the other steps would set up. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly jobs: Readonly<Record<string, { readonly if: string; readonly steps: readonly Step[] }>>;
}

/** YAML 1.2, in which `on` is a word. */
export const readWorkflow = (file: string): Workflow => parse(readFileSync(file, 'utf8'));

export interface JobRun {
  /** Of the last step that ran. */
  readonly exitCode: number;
  readonly output: string;
  /** What the job shows on its page. */
  readonly summary: string;
}

export interface Runner {
  /** A checkout of the repository. */
  readonly checkout: string;
  /** RUNNER_TEMP: a new folder. */
  readonly temporary: string;
  /** `vars` of the repository. */
  readonly variables: Readonly<Record<string, string>>;
  /** The credentials that a step gets with a role. */
  assume(role: string): Readonly<Record<string, string>>;
}

export async function runJob(workflow: Workflow, name: string, runner: Runner): Promise<JobRun> {
  const files = { GITHUB_PATH: 'path', GITHUB_STEP_SUMMARY: 'summary' };
  mkdirSync(runner.temporary, { recursive: true });
  const paths = Object.fromEntries(
    Object.entries(files).map(([variable, file]) => [variable, join(runner.temporary, file)]),
  );
  for (const path of Object.values(paths)) writeFileSync(path, '');
  const read = (variable: keyof typeof files) => readFileSync(paths[variable] ?? '', 'utf8');
  const evaluate = (text: string) =>
    text.replace(/\$\{\{ vars\.(\w+) \}\}/g, (_, variable) => runner.variables[variable] ?? '');
  const environment: Record<string, string> = { RUNNER_TEMP: runner.temporary, ...paths };
  for (const [variable, value] of Object.entries(workflow.env))
    environment[variable] = evaluate(value);
  let output = '';
  for (const step of workflow.jobs[name]?.steps ?? []) {
    const role = step.with?.['role-to-assume'];
    if (typeof role === 'string') Object.assign(environment, runner.assume(evaluate(role)));
    if (step.run === undefined) continue;
    const added = read('GITHUB_PATH').split('\n').reverse();
    const PATH = [...added, process.env.PATH].filter(Boolean).join(':');
    const done = await bash(step.run, runner.checkout, { ...environment, PATH });
    output += done.output;
    if (done.exitCode !== 0)
      return { exitCode: done.exitCode, output, summary: read('GITHUB_STEP_SUMMARY') };
  }
  return { exitCode: 0, output, summary: read('GITHUB_STEP_SUMMARY') };
}

/** https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell */
function bash(script: string, cwd: string, env: Record<string, string>) {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd,
    env,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return new Promise<{ exitCode: number; output: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}
