/**
 * How long a certificate takes if each call to AWS takes a given time and everything else takes none: with this code, and
 * with that of an earlier commit, which is taken from the history and built in a temporary folder.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Measured, type MeasuredRun, measureRoundTrips } from './round-trips-measure.ts';

const CALL_MS = 20;
const MOST_ROUND_TRIPS = 6;
const MOST_CALLS = 10;
const FRESH = 'a fresh certificate, warm';

/** The last commit before calls were made at the same time. */
const BEFORE = '52f61f2';
/** What its code needed, if the history is missing: round trips, calls besides budgets, calls for budgets. */
const RECORDED_BEFORE = 'a fresh certificate, warm: 14 round trips, 13 calls and 2 of budgets';

export async function benchRoundTrips(): Promise<void> {
  console.log(
    `\nRound trips and calls of sign, ${CALL_MS} ms per call on a virtual clock, no CPU time (a batch includes the proof that its messages are in the queue)`,
  );
  const after = await measureRoundTrips(CALL_MS);
  const before = measureBefore();
  console.log(
    `  ${'situation'.padEnd(66)} round trips      calls + budgets    wall, ms      $ per 1,000 certificates`,
  );
  for (const [name, now] of Object.entries(after) as [keyof Measured, MeasuredRun][])
    console.log(`  ${name.padEnd(66)} ${describeRow(before?.[name], now)}`);
  if (!before) console.log(`  before: recorded at commit ${BEFORE}: ${RECORDED_BEFORE}`);
  const { roundTrips, calls } = after[FRESH];
  const ratio = before ? `, ratio ${(before[FRESH].roundTrips / roundTrips).toFixed(1)}` : '';
  console.log(
    `  aim: at most ${MOST_ROUND_TRIPS} round trips and ${MOST_CALLS} calls besides budgets; measured ${roundTrips} and ${calls}${ratio}`,
  );
}

function describeRow(before: MeasuredRun | undefined, after: MeasuredRun): string {
  const both = (width: number, of: (run: MeasuredRun) => string) =>
    `${before ? `${of(before)} -> ` : ''}${of(after)}`.padEnd(width);
  const thousand = ({ dollars, certificates }: MeasuredRun) =>
    certificates === 0 ? '-' : ((1000 * dollars) / certificates).toFixed(4);
  return [
    both(16, ({ roundTrips }) => String(roundTrips)),
    both(18, ({ calls, budgets }) => `${calls} + ${budgets}`),
    both(13, ({ wallMs }) => String(wallMs)),
    both(0, thousand),
  ].join(' ');
}

/** What both builds are measured with. */
const HARNESS = [
  'test/support/recorded-calls.ts',
  'test/support/issuance-runs.ts',
  'bench/round-trips-measure.ts',
  'bench/cost/prices.ts',
];

const BANNER =
  "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/** @returns undefined without the history, or if the old code can no longer be built */
function measureBefore(): Measured | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-bench-'));
  try {
    const archive = execFileSync('git', ['archive', BEFORE], {
      maxBuffer: 1 << 30,
      stdio: [...QUIET],
    });
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    for (const file of HARNESS) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(file, join(folder, file));
    }
    writeFileSync(
      join(folder, 'before.ts'),
      `import { measureRoundTrips } from './bench/round-trips-measure.ts';
console.log(JSON.stringify(await measureRoundTrips(${CALL_MS})));`,
    );
    const bundle = ['--bundle', '--platform=node', '--format=esm', '--target=node20'];
    const more = ['--main-fields=module,main', '--log-level=error', `--banner:js=${BANNER}`];
    const esbuild = resolve('node_modules', '.bin', 'esbuild');
    const args = ['before.ts', '--outfile=before.mjs', ...bundle, ...more];
    execFileSync(esbuild, args, { cwd: folder, stdio: [...QUIET] });
    return JSON.parse(
      execFileSync(process.execPath, ['before.mjs'], { cwd: folder, encoding: 'utf8' }),
    );
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const QUIET = ['ignore', 'pipe', 'ignore'] as const satisfies unknown[];
