/**
 * What the deployment requires of every certificate of a trust domain, whatever a cluster record says. It is
 * configuration of the functions, so people who can write cluster records cannot change it.
 */
import * as z from 'zod/mini';
import { DURATION_FORM, parseDurationSeconds } from './duration.ts';
import { Fault } from './fault.ts';

export interface TrustDomainRule {
  /** The longest validity of a certificate, in seconds. */
  readonly maxValiditySeconds: number;
  /** How many approvers have to approve what needs approval; a cluster record can only raise it. */
  readonly requiredApprovals: number;
}

/** The rule of each trust domain. */
export type TrustDomainRules = (trustDomain: string) => TrustDomainRule;

/** kubeadm's own validity, a year; and one approver. */
export const DEFAULT_RULE: TrustDomainRule = {
  maxValiditySeconds: 8760 * 3600,
  requiredApprovals: 1,
};

/** For clients, which do not know the deployment's rules, and only show or compare what the functions decide. */
export const RULES_UNKNOWN: TrustDomainRules = () => ({
  maxValiditySeconds: Number.POSITIVE_INFINITY,
  requiredApprovals: 1,
});

/** More approvers than anyone asks for a certificate. */
const MOST_REQUIRED_APPROVALS = 10;

export const requiredApprovalsSchema = z
  .number()
  .check(z.int(), z.positive(), z.maximum(MOST_REQUIRED_APPROVALS));

/** The fields of a rule, in the environment variable and in the configuration of a deployment. */
export const ruleFields = {
  maxValidityPeriod: z.optional(
    z.string().check(
      z.refine((text) => parseDurationSeconds(text) !== undefined, {
        error: 'must be a duration such as 8760h',
        params: { json: DURATION_FORM },
      }),
    ),
  ),
  requiredApprovals: z.optional(requiredApprovalsSchema),
};

/**
 * `{"prod": {"maxValidityPeriod": "720h", "requiredApprovals": 2}}`; a missing field has its value in `DEFAULT_RULE`.
 */
const rulesSchema = z.record(z.string(), z.strictObject(ruleFields));

export type TrustDomainRulesDocument = z.infer<typeof rulesSchema>;

/**
 * Reads the value of the environment variable; undefined or empty means that every trust domain has the default rule.
 * @throws Fault not-configured: a limit that cannot be read must not be ignored
 */
export function parseTrustDomainRules(text: string | undefined): TrustDomainRules {
  const rules = new Map(Object.entries(text ? readRules(text) : {}).map(toRule));
  return (trustDomain) => rules.get(trustDomain) ?? DEFAULT_RULE;
}

function readRules(text: string): TrustDomainRulesDocument {
  try {
    return rulesSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Fault('not-configured', 'the rules of the trust domains cannot be read', error);
  }
}

function toRule([trustDomain, { maxValidityPeriod, requiredApprovals }]: [
  string,
  TrustDomainRulesDocument[string],
]): [string, TrustDomainRule] {
  const seconds = maxValidityPeriod && parseDurationSeconds(maxValidityPeriod);
  return [
    trustDomain,
    {
      maxValiditySeconds: seconds || DEFAULT_RULE.maxValiditySeconds,
      requiredApprovals: requiredApprovals ?? DEFAULT_RULE.requiredApprovals,
    },
  ];
}
