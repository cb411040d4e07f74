/**
 * Whether a range in the form that `engines` has in the lockfile admits a version. It knows `*`, `>=20.19`, `^20.0.0`,
 * `18.x`, combinations, and alternatives with `||`.
 * @throws Error for a range in another form
 */
export function admits(range: string, version: string): boolean {
  const actual = numbersOf(version);
  return range.split('||').some((alternative) =>
    comparatorsOf(alternative).every(({ operator, wanted }) => {
      if (wanted.length === 0) return true;
      const order = compare(actual, wanted);
      if (operator === '>=') return order >= 0;
      if (operator === '<') return order < 0;
      if (operator === '^') return order >= 0 && actual[0] === wanted[0];
      return wanted.every((number, i) => number === actual[i]);
    }),
  );
}

function comparatorsOf(alternative: string) {
  const parts = alternative.trim().match(/(?:>=|<|\^)?\s*[\d.x*]+/g) ?? [];
  if (parts.join('').replaceAll(' ', '') !== alternative.replaceAll(' ', ''))
    throw new Error(`a range in a form that this test does not know: ${alternative}`);
  return parts.map((part) => ({
    operator: /^(?:>=|<|\^)/.exec(part)?.[0] ?? '=',
    wanted: numbersOf(part.replace(/^(?:>=|<|\^)\s*/, '')),
  }));
}

/** The numbers before the first `x` or `*`. */
function numbersOf(version: string): number[] {
  const parts = version.split('.');
  const end = parts.findIndex((part) => !/^\d+$/.test(part));
  return parts.slice(0, end < 0 ? undefined : end).map(Number);
}

/** What a range leaves out counts as zero. */
function compare(actual: readonly number[], wanted: readonly number[]): number {
  const difference = actual.map((number, i) => number - (wanted[i] ?? 0));
  return difference.find((it) => it !== 0) ?? 0;
}
