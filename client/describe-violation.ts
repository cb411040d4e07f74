/** The fields of a violation that are shown to people; `violations` in `<path>.rejected.json` (docs/s3-contract.md). */
interface ShownViolation {
  readonly code: string;
  readonly field: string;
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
}

/** One line for each violation of a refused request, the same in every command. */
export const describeViolation = (
  certificateName: string,
  { code, field, got, allowed, fix }: ShownViolation,
): string => `${certificateName}: ${code}: ${field} is ${got}; allowed: ${allowed}. To fix: ${fix}`;
