import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * Who may assume a role: `account` (every principal of this account that IAM allows to), a 12-digit account, an AWS
 * service such as `ec2.amazonaws.com`, or the ARN of a principal.
 */
export type Trusted = string;

export const TRUSTED_PATTERN =
  /^(?:account|\d{12}|[a-z0-9.-]+\.amazonaws\.com|arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+)$/;

/** @param withTags whether they may set session tags, which roles of many nodes need */
export function assumedBy(
  trusted: readonly Trusted[],
  { withTags = false }: { withTags?: boolean } = {},
): iam.IPrincipal {
  const principals = trusted.map(principalOf);
  return new iam.CompositePrincipal(
    ...principals.map((principal) => (withTags ? principal.withSessionTags() : principal)),
  );
}

/** IAM Roles Anywhere: a certificate instead of AWS credentials. It sets tags and source identity of the session. */
class RolesAnywherePrincipal extends iam.ServicePrincipal {
  constructor() {
    super(ROLES_ANYWHERE);
  }

  /** https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html */
  override addToAssumeRolePolicy(document: iam.PolicyDocument): void {
    document.addStatements(
      new iam.PolicyStatement({
        actions: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        principals: [new iam.ServicePrincipal(ROLES_ANYWHERE)],
      }),
    );
  }

  override withSessionTags(): iam.PrincipalBase {
    return this;
  }
}

const ROLES_ANYWHERE = 'rolesanywhere.amazonaws.com';

function principalOf(text: Trusted): iam.PrincipalBase {
  if (!TRUSTED_PATTERN.test(text))
    throw new Error(
      `${text}: must be account, a 12-digit account, an AWS service or the ARN of a principal`,
    );
  if (text === 'account') return new iam.AccountRootPrincipal();
  if (/^\d+$/.test(text)) return new iam.AccountPrincipal(text);
  if (text === ROLES_ANYWHERE) return new RolesAnywherePrincipal();
  if (text.endsWith('.amazonaws.com')) return new iam.ServicePrincipal(text);
  return new iam.ArnPrincipal(text);
}
