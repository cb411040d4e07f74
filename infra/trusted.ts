import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * Who may assume a role, as a text: `account` (whoever IAM lets in this account), a 12-digit account, an AWS service
 * such as `ec2.amazonaws.com`, or the ARN of a principal.
 */
export type Trusted = string;

export const TRUSTED_PATTERN =
  /^(?:account|\d{12}|[a-z0-9.-]+\.amazonaws\.com|arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+)$/;

/** @param withTags whether they may name session tags, as roles for many nodes need it */
export function assumedBy(
  trusted: readonly Trusted[],
  { withTags = false }: { withTags?: boolean } = {},
): iam.IPrincipal {
  const principals = trusted.map(principalOf);
  return new iam.CompositePrincipal(
    ...principals.map((principal) => (withTags ? principal.withSessionTags() : principal)),
  );
}

/** A certificate of one's own CA in the place of AWS credentials; its session names tags and identity itself. */
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
    throw new Error(`${text}: give account, a 12-digit account, an AWS service or a principal ARN`);
  if (text === 'account') return new iam.AccountRootPrincipal();
  if (/^\d+$/.test(text)) return new iam.AccountPrincipal(text);
  if (text === ROLES_ANYWHERE) return new RolesAnywherePrincipal();
  if (text.endsWith('.amazonaws.com')) return new iam.ServicePrincipal(text);
  return new iam.ArnPrincipal(text);
}
