/** What a CSR of the certificates API takes on real API servers (test/e2e/certificates-api/measure.ts). Linux, as root. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEASURE_HEADER, measuresOf } from '../test/e2e/certificates-api/measures.ts';

interface Result {
  readonly check: string;
  readonly words: string;
}

/** BENCH_CSRS, to see whether it works; the figures of docs/benchmarks.md are of this many. */
const CSRS = 200;

export function benchCsr(): void {
  if (process.getuid?.() !== 0) {
    console.log('  left out: it needs root, for namespaces');
    return;
  }
  const csrs = Number(process.env.BENCH_CSRS ?? CSRS);
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-bench-csr-'));
  try {
    const report = join(folder, 'report.json');
    const options = ['--only', 'certificates-api', '--measure', String(csrs), '--report', report];
    const { status, stdout } = spawnSync('npm', ['run', '--silent', 'e2e', '--', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stdout.slice(-2000));
    print(JSON.parse(readFileSync(report, 'utf8')).results, measuresOf(csrs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As docs/benchmarks.md has it. */
function print(results: readonly Result[], measures: readonly string[]): void {
  console.log(`| ${MEASURE_HEADER.join(' | ')} |`);
  console.log(`| ${MEASURE_HEADER.map(() => '---').join(' | ')} |`);
  for (const { check, words } of results)
    if (measures.includes(check)) console.log(`| ${check} | ${words} |`);
}
