import type { Received } from '../node/fetch/receive.ts';

/** The outcome that a request should have. */
export interface Expected {
  readonly path: string;
  readonly outcome: Received['outcome'];
  /** For a rejection: all its codes, in any order. */
  readonly codes?: readonly string[];
}

/** Describes the outcomes that differ from the expected ones. */
export function differences(results: readonly Received[], expected: readonly Expected[]): string[] {
  const describe = ({ path, outcome, codes = [] }: Expected) =>
    [path, outcome, ...[...codes].sort()].join(' ');
  const got = results.map(({ path, outcome, violations = [] }) =>
    describe({ path, outcome, codes: violations.map(({ code }) => code) }),
  );
  const wanted = expected.map(describe);
  return [
    ...wanted.filter((line) => !got.includes(line)).map((line) => `missing: ${line}`),
    ...got.filter((line) => !wanted.includes(line)).map((line) => `unexpected: ${line}`),
  ];
}
