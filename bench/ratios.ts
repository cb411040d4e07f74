/** Figures of rounds that alternate, so that other load on the machine affects all sides: medians with quartiles. */

export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** Quartiles. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? 0;
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

/** `1.23 [1.20, 1.31]` */
export function describeSpread(values: readonly number[]): string {
  const { low, median, high } = spreadOf(values);
  return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}
