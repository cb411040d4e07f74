/** What `sign` loads before its first event: bytes, and how long that takes in a fresh process. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ENVIRONMENT } from '../lib/environment-names.ts';

const BUNDLE = resolve('dist', 'functions', 'sign', 'index.mjs');
const AIM = { kilobytes: 400, milliseconds: 50 };
const ROUNDS = 31;

const WHOLE = 'the bundle, clients created';

/** The built-in modules that the bundle imports: their share is Node's own. */
const BUILT_IN = ['crypto', 'fs/promises', 'https', 'net', 'os', 'path', 'stream', 'stream/web'];

export function benchColdStart(): void {
  console.log('\nCold start of sign');
  printBytes();
  const cache = mkdtempSync(join(tmpdir(), 'cakeless-bench-'));
  try {
    printTimes(measure(cache));
  } finally {
    rmSync(cache, { recursive: true });
  }
}

function printBytes(): void {
  const { atInit } = JSON.parse(readFileSync('dist/meta/sign.json', 'utf8')) as {
    atInit: string[];
  };
  const bytes = Buffer.concat(atInit.map((file) => readFileSync(file)));
  console.log(
    `loaded at init: ${kilobytes(bytes)} KB in ${atInit.length} files, ${kilobytes(gzipSync(bytes))} KB with gzip (aim: ${AIM.kilobytes})`,
  );
}

const kilobytes = ({ length }: Buffer) => Math.round(length / 1024);

/** One process for each form in each round, so that other load affects all of them. */
function measure(compileCache: string) {
  const forms = {
    [WHOLE]: [pathToFileURL(BUNDLE).href],
    'the same with a warm compile cache': [pathToFileURL(BUNDLE).href, compileCache],
    'its built-in modules alone': [`data:text/javascript,${BUILT_IN.map(importOf).join(';')}`],
    'an empty module': ['data:text/javascript,'],
  } as const;
  const names = Object.keys(forms) as (keyof typeof forms)[];
  const times = new Map(names.map((name) => [name, [] as Took[]]));
  // the first round fills the caches, and does not count
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of names) {
      const [url, cache] = forms[name];
      const took = importOnce(url, cache);
      if (round > 0) times.get(name)?.push(took);
    }
  return times;
}

const importOf = (name: string) => `import'node:${name}'`;

interface Took {
  readonly wallMs: number;
  /** Of all threads; other load affects it less than the wall time. */
  readonly cpuMs: number;
}

function importOnce(url: string, compileCache?: string): Took {
  const script = `const u=process.cpuUsage(),t=performance.now();await import(${JSON.stringify(url)});const wallMs=performance.now()-t,{user,system}=process.cpuUsage(u);process.stdout.write(JSON.stringify({wallMs,cpuMs:(user+system)/1000}))`;
  const env = {
    ...process.env,
    AWS_REGION: 'eu-central-1',
    [ENVIRONMENT.exchangeBucket]: 'exchange',
    [ENVIRONMENT.authorityBucket]: 'authority',
    [ENVIRONMENT.sourceQueueUrl]: 'https://sqs.eu-central-1.amazonaws.com/111122223333/requests',
    [ENVIRONMENT.sourceQueueArn]: 'arn:aws:sqs:eu-central-1:111122223333:requests',
    ...(compileCache !== undefined && { NODE_COMPILE_CACHE: compileCache }),
  };
  const options = { env, encoding: 'utf8' } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], options));
}

function printTimes(times: ReadonlyMap<string, readonly Took[]>): void {
  const whole = times.get(WHOLE) ?? [];
  console.log(
    `import in a fresh process, median of ${ROUNDS} [quartiles] (aim: ${AIM.milliseconds} ms):`,
  );
  for (const [name, took] of times) {
    const wall = spread(took.map(({ wallMs }) => wallMs));
    const cpu = spread(took.map(({ cpuMs }) => cpuMs));
    const share = took.map(({ cpuMs }, round) => cpuMs / (whole[round]?.cpuMs ?? Number.NaN));
    console.log(`  ${name}: ${wall} ms, CPU ${cpu} ms, of the bundle's ${spread(share, 2)}`);
  }
}

function spread(values: readonly number[], digits = 1): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(digits),
  );
  return `${middle} [${low}, ${high}]`;
}
