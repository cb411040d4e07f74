/** Measures the size of the sign function's bundle, and how long its import takes in a fresh process. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUNDLE = resolve('dist', 'functions', 'sign', 'index.mjs');
const PROCESSES = 21;

export function benchBundle(): void {
  const { size } = statSync(BUNDLE);
  const gzip = gzipSync(readFileSync(BUNDLE)).length;
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KB`;
  console.log(`\nSign bundle: ${kilobytes(size)} (gzip ${kilobytes(gzip)})`);
  // An empty module in the same kind of process is the cost of any function. The two alternate.
  const times = Array.from({ length: PROCESSES }, () => ({
    bundle: importMs(pathToFileURL(BUNDLE).href),
    empty: importMs('data:text/javascript,'),
  }));
  const median = (values: number[]) => values.sort((a, b) => a - b)[PROCESSES >> 1] ?? 0;
  const bundle = median(times.map((t) => t.bundle));
  const empty = median(times.map((t) => t.empty));
  console.log(
    `Import in a fresh process, clients built, median of ${PROCESSES}: ${bundle.toFixed(1)} ms (an empty module: ${empty.toFixed(1)} ms)`,
  );
}

function importMs(url: string): number {
  const script = `const t=performance.now();await import(${JSON.stringify(url)});process.stdout.write(String(performance.now()-t))`;
  const environment = {
    ...process.env,
    AWS_REGION: 'eu-central-1',
    CAKELESS_EXCHANGE_BUCKET: 'exchange',
    CAKELESS_AUTHORITY_BUCKET: 'authority',
  };
  return Number(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: environment }),
  );
}
