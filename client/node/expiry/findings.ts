/** What is wrong in an inventory, including ages. */
import { type Inventory, rowsOf } from './inventory.ts';

export interface Finding {
  readonly name: string;
  readonly file: string;
  readonly problem: string;
}

export interface Findings {
  /** Anything except age. */
  readonly wrong: readonly Finding[];
  readonly expiring: readonly Finding[];
}

/** @param warnWithinMs certificates with less time left are named */
export function findingsIn(inventory: Inventory, now: Date, warnWithinMs: number): Findings {
  const rows = rowsOf(inventory);
  const wrong = rows.flatMap(({ name, file, problems, advice }) =>
    problems.map((problem) => {
      const what = advice?.get(problem);
      return { name, file, problem: what === undefined ? problem : `${problem}; ${what}` };
    }),
  );
  const expiring = rows.flatMap(({ name, file, notAfter }): Finding[] => {
    if (notAfter === undefined) return [];
    const left = notAfter.getTime() - now.getTime();
    if (left > warnWithinMs) return [];
    const at = notAfter.toISOString();
    return [{ name, file, problem: left <= 0 ? `it expired at ${at}` : `it expires at ${at}` }];
  });
  return { wrong, expiring };
}
