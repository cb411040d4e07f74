/** What is measured, as the rows and columns of a table in docs/benchmarks.md. */

/** The first is the name of the check. */
export const MEASURE_HEADER = [
  'situation',
  'median',
  'p95',
  'longest',
  'KMS Sign',
  'S3 calls of each forwarder',
  'requests of each forwarder to its API server',
  'resident memory of a forwarder',
];

/** With the usual 200 CSRs, the forwarder is idle for ten minutes: one of its rounds, in which it lists all CSRs once. */
export const IDLE_MS_PER_CSR = 3000;

/** Far fewer than a forwarder can carry, so that none waits for another. */
export const EVERY_MS = 250;

export const FORWARDERS = [1, 3];

export const idleFor = (csrs: number) =>
  `one forwarder, idle for ${(csrs * IDLE_MS_PER_CSR) / 1000} s`;
export const steadily = (csrs: number, count: number) =>
  `${csrs} CSRs, ${1000 / EVERY_MS} a second, ${forwarders(count)}`;
export const atOnce = (csrs: number, count: number) => `${csrs} CSRs at once, ${forwarders(count)}`;
const forwarders = (count: number) => (count === 1 ? 'one forwarder' : `${count} forwarders`);

export const measuresOf = (csrs: number): string[] => [
  idleFor(csrs),
  ...FORWARDERS.flatMap((count) => [steadily(csrs, count), atOnce(csrs, count)]),
];
