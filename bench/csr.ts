/** What a CSR of the certificates API takes on real API servers (test/e2e/certificates-api/measure.ts). Linux, as root. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Result {
  readonly row: readonly string[];
  readonly check: string;
  readonly outcome: string;
  readonly words: string;
}

export function benchCsr(): void {
  if (process.getuid?.() !== 0) {
    console.log('  left out: it needs root, for namespaces');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-bench-csr-'));
  try {
    const report = join(folder, 'report.json');
    const options = ['--only', 'certificates-api', '--measure', '--report', report];
    const { status, stdout } = spawnSync('npm', ['run', '--silent', 'e2e', '--', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stdout.slice(-2000));
    print(JSON.parse(readFileSync(report, 'utf8')).results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(results: readonly Result[]): void {
  for (const check of new Set(results.map((result) => result.check))) {
    const of = results.filter((result) => result.check === check);
    console.log(`\n  ${check}`);
    for (const { row, words } of of) console.log(`    ${row.join(' ').padEnd(8)} ${words}`);
  }
}
