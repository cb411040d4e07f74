/** Whether CPU time and memory stay the same over many certificates: no certificate may leave anything behind. */
import { openIssuing, P256 } from './issuance.ts';

const CERTIFICATES = 33_000;
const THOUSAND = 1000;
const MARKS = [1000, 10_000, CERTIFICATES];

export async function benchMemory(): Promise<void> {
  const { issue } = await openIssuing(P256);
  const thousands: number[] = [];
  console.log(`${CERTIFICATES} certificates one after another, CSR and CA with ${P256.key}`);
  for (let done = THOUSAND; done <= CERTIFICATES; done += THOUSAND) {
    const before = process.cpuUsage();
    for (let i = 0; i < THOUSAND; i++) await issue();
    const { user, system } = process.cpuUsage(before);
    thousands.push((user + system) / 1000 / THOUSAND);
    if (MARKS.includes(done)) printMemory(done);
  }
  const [first = 0, second = 0] = thousands;
  const last = thousands.at(-1) ?? 0;
  // the first thousand contains the compilation of the code
  console.log(
    `  CPU per certificate: first thousand ${first.toFixed(2)} ms, second ${second.toFixed(2)}, last ${last.toFixed(2)}   last/second ${(last / second).toFixed(2)}   aim about 1`,
  );
}

function printMemory(done: number): void {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  console.log(
    `  after ${done}: heap in use ${megabytes(heapUsed)} MB, outside of it ${megabytes(external)}, resident ${megabytes(rss)}`,
  );
}
