/** The rules of trust domains, as the environment variable of the functions that apply them. */
export interface ConfiguredRule {
  readonly name: string;
  /** The longest validity of a certificate, as a duration such as `720h`. @default 8760h */
  readonly maxValidityPeriod?: string | undefined;
  /** How many approvers must approve what needs approval; a cluster record can only raise it. @default 1 */
  readonly requiredApprovals?: number | undefined;
}

/**
 * Lambda allows 4 KB for all variables of a function together. The others, which are names and ARNs, take less than one.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
const MAX_BYTES = 3000;

/**
 * The trust domains whose rules differ from the defaults, sorted, as JSON; undefined if all have the defaults.
 * @throws Error if Lambda would not accept it
 */
export function trustDomainRules(domains: readonly ConfiguredRule[]): string | undefined {
  const rules = domains
    .filter(({ maxValidityPeriod, requiredApprovals }) => maxValidityPeriod ?? requiredApprovals)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, maxValidityPeriod, requiredApprovals }) => [
      name,
      {
        ...(maxValidityPeriod !== undefined && { maxValidityPeriod }),
        ...(requiredApprovals !== undefined && { requiredApprovals }),
      },
    ]);
  if (rules.length === 0) return undefined;
  const text = JSON.stringify(Object.fromEntries(rules));
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  throw new Error(
    `the rules of ${rules.length} trust domains take ${Buffer.byteLength(text)} bytes, more than the ${MAX_BYTES} that fit into a function's environment: set maxValidityPeriod and requiredApprovals only where they differ from the defaults, or deploy a second service`,
  );
}
