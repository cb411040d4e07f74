import './fast-collation.ts';
import './fast-resource-types.ts';
import {
  createValidatedPolicy,
  validateIdentityPolicy,
  validateResourcePolicy,
  validateServiceControlPolicy,
} from '@cloud-copilot/iam-policy';
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate';
import type { Principal } from './principals.ts';
import { ACCOUNT, type Policy } from './template.ts';

export interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly resourcePolicy?: Policy | undefined;
  /** Condition keys of the request itself. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * @param organization service control policies of the account
 * @throws Error if the request cannot be judged: an unknown action, or a condition key that would be ignored
 */
export async function isAllowed(
  who: Principal,
  asked: Asked,
  organization: readonly Policy[] = [],
): Promise<boolean> {
  const contextVariables = { ...principalKeys(who), ...asked.context };
  const simulated = await runSimulation(
    {
      request: {
        principal: who.arn ?? anonymousPrincipal,
        action: asked.action,
        resource: { resource: asked.resource, accountId: ACCOUNT },
        contextVariables,
      },
      identityPolicies: who.policies.map((policy, i) => named(identity(policy), i)),
      serviceControlPolicies:
        organization.length === 0
          ? []
          : [
              {
                orgIdentifier: 'account',
                policies: [
                  FULL_ACCESS,
                  ...organization.map((policy, i) => named(control(policy), i)),
                ],
              },
            ],
      resourceControlPolicies: [],
      ...(asked.resourcePolicy && { resourcePolicy: ofResource(asked.resourcePolicy) }),
    },
    {},
  );
  if (simulated.resultType !== 'single')
    throw new Error(`${asked.action} on ${asked.resource}: ${JSON.stringify(simulated)}`);
  // The simulation ignores keys that it does not know for the action, and with them a Deny that depends on them.
  const ignored = simulated.result.ignoredContextKeys ?? [];
  const ours = Object.keys(asked.context).map((key) => key.toLowerCase());
  const lost = ignored.filter((key) => ours.includes(key.toLowerCase()));
  if (lost.length > 0) throw new Error(`${asked.action}: no such condition key: ${lost}`);
  return simulated.overallResult === 'Allowed';
}

const named = (policy: unknown, i: number) => ({ name: `policy ${i}`, policy });

/** Validates each policy once: the simulation would do it for every request. */
function validatedOnce(validate: Parameters<typeof createValidatedPolicy>[1]) {
  const known = new WeakMap<Policy, unknown>();
  return (policy: Policy) => {
    const validated = known.get(policy) ?? createValidatedPolicy(policy, validate);
    known.set(policy, validated);
    return validated;
  };
}

const identity = validatedOnce(validateIdentityPolicy);
const control = validatedOnce(validateServiceControlPolicy);
const ofResource = validatedOnce(validateResourcePolicy);

/** AWS's own policy, which every account has in addition to those that deny something. */
const FULL_ACCESS = {
  name: 'FullAWSAccess',
  policy: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  },
};

function principalKeys({ arn, account, tags, userid }: Principal): Record<string, string> {
  if (arn === undefined) return {};
  return {
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': account,
    'aws:userid': userid ?? 'AROAEXAMPLE:session',
    ...Object.fromEntries(
      Object.entries(tags).map(([name, value]) => [`aws:PrincipalTag/${name}`, value]),
    ),
  };
}
