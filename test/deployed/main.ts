/** `npm run deploy:local`: runs the steps and prints their times. With --keep the deployment stays, to be used by hand. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALL_STEPS, DEPLOYING, type Step, TRYING, Trial } from './steps.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
process.exitCode = await main(values.keep);

async function main(keep: boolean): Promise<number> {
  const trial = await Trial.start();
  const interrupted = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  try {
    print(`deploying to MiniStack at ${trial.ministack.endpoint}`);
    const steps = keep ? [...DEPLOYING, ...TRYING] : ALL_STEPS;
    const failed = await runSteps(steps, trial, interrupted);
    if (keep && failed < DEPLOYING.length) await keepRunning(trial, interrupted);
    return failed === 0 ? 0 : 1;
  } finally {
    await trial.ministack.stop();
  }
}

async function runSteps(
  steps: readonly Step[],
  trial: Trial,
  interrupted: Promise<void>,
): Promise<number> {
  let failed = 0;
  const start = Date.now();
  for (const { name, waiting, run } of steps) {
    if (waiting !== undefined) print(waiting);
    const began = Date.now();
    const outcome = await Promise.race([
      run(trial).then(
        () => 'ok    ',
        (error: unknown) => error,
      ),
      interrupted.then(() => new Error('interrupted')),
    ]);
    const time = `${((Date.now() - began) / 1000).toFixed(1)} s`;
    if (outcome === 'ok    ') print(`${outcome} ${time.padStart(7)}  ${name}`);
    else {
      failed += 1;
      print(
        `FAILED ${time.padStart(7)}  ${name}\n${outcome instanceof Error ? outcome.stack : outcome}`,
      );
    }
    if (outcome instanceof Error && outcome.message === 'interrupted') break;
  }
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  print(`${steps.length - failed} of ${steps.length} steps passed in ${seconds} s`);
  return failed;
}

/** Writes an environment file of a user with AdministratorAccess, such as people have in an account for testing. */
async function keepRunning(trial: Trial, interrupted: Promise<void>): Promise<void> {
  const { deployment, ministack } = trial;
  const file = join(ministack.folder, 'env');
  const lines = Object.entries(deployment.environment(await deployment.administrator())).map(
    ([name, value]) => `${name}='${value}'\n`,
  );
  await writeFile(file, lines.join(''), { mode: 0o600 });
  print(
    `\nrunning until Ctrl-C; in another shell:\n  set -a; . ${file}; set +a\n  npx cakeless cluster show a`,
  );
  print(`log of MiniStack: ${ministack.logFile}`);
  await interrupted;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
