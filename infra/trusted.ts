import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * Who may assume a role: `account` (every principal of this account that IAM allows to), a 12-digit account, an AWS
 * service such as `ec2.amazonaws.com`, the ARN of a principal, or the ARN of a trust anchor of IAM Roles Anywhere.
 */
export type Trusted = string;

export const TRUSTED_FORMS =
  'must be account, a 12-digit account, an AWS service such as ec2.amazonaws.com, the ARN of a principal, or, for IAM Roles Anywhere, the ARN of a trust anchor';

const ROLES_ANYWHERE = 'rolesanywhere.amazonaws.com';
const TRUST_ANCHOR =
  /^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:(\d{12}):trust-anchor\/[A-Za-z0-9-]+$/;
const PRINCIPAL =
  /^(?:account|\d{12}|[a-z0-9.-]+\.amazonaws\.com|arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+)$/;

/**
 * The service principal of IAM Roles Anywhere is not enough: a certificate of any trust anchor in any account could then
 * assume the role.
 */
export function isTrusted(text: string): boolean {
  return (
    isKnownLater(text) || (text !== ROLES_ANYWHERE && (isTrustAnchor(text) || PRINCIPAL.test(text)))
  );
}

export const isTrustAnchor = (text: string): boolean => TRUST_ANCHOR.test(text);

/** The account, or the ARN of a principal, that another construct or a parameter of the stack names. */
const isKnownLater = (text: string): boolean => Token.isUnresolved(text);

/** Condition operators of IAM, with keys and values. */
export type SessionConditions = Readonly<
  Record<string, Readonly<Record<string, string | readonly string[]>>>
>;

/** What is required of a session, in addition to a trusted caller. */
export interface SessionRules {
  /**
   * Policy variable whose value must be the session's name. Otherwise the caller chooses the name, and `aws:userid`,
   * which approvals name, does not identify a person.
   */
  readonly sessionName?: string | undefined;
  /**
   * Whether the caller must have used a second factor. IAM knows this for users, but not for chained roles. @default
   * false
   */
  readonly mfa?: boolean | undefined;
  /** More conditions of the trust policy. @default none */
  readonly conditions?: SessionConditions | undefined;
}

export const SESSION_NAME_FORMS =
  'must be aws:username, aws:SourceIdentity or aws:PrincipalTag/TAG';
export const SESSION_NAME_PATTERN =
  /^(?:aws:username|aws:SourceIdentity|aws:PrincipalTag\/[\w.:/=+@-]{1,128})$/;

export interface AssumedByOptions extends SessionRules {
  /** Whether the caller may set session tags, which roles of many nodes need. @default false */
  readonly withTags?: boolean;
  /** Only for certificates of trust anchors. @default none */
  readonly certificateConditions?: SessionConditions | undefined;
}

export function assumedBy(
  trusted: readonly Trusted[],
  options: AssumedByOptions = {},
): iam.IPrincipal {
  return new iam.CompositePrincipal(...trusted.map((text) => new TrustedPrincipal(text, options)));
}

/** One statement of a trust policy: a principal, what it may do, and under which conditions. */
class TrustedPrincipal extends iam.PrincipalBase {
  readonly #text: Trusted;
  readonly #options: AssumedByOptions;

  constructor(text: Trusted, options: AssumedByOptions) {
    super();
    this.#text = text;
    this.#options = options;
  }

  get policyFragment(): iam.PrincipalPolicyFragment {
    const { principalJson } = principalOf(this.#text).policyFragment;
    return new iam.PrincipalPolicyFragment(principalJson, this.#conditions());
  }

  override addToAssumeRolePolicy(document: iam.PolicyDocument): void {
    document.addStatements(
      new iam.PolicyStatement({
        actions: this.#actions(),
        principals: [principalOf(this.#text)],
        conditions: this.#conditions(),
      }),
    );
  }

  dedupeString(): string {
    return `TrustedPrincipal:${this.#text}:${JSON.stringify(this.#options)}`;
  }

  /** https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html */
  #actions(): string[] {
    const { withTags, sessionName } = this.#options;
    const anchor = isTrustAnchor(this.#text);
    return [
      'sts:AssumeRole',
      ...(withTags || anchor ? ['sts:TagSession'] : []),
      // a caller that has a source identity keeps it
      ...(anchor || sessionName === 'aws:SourceIdentity' ? ['sts:SetSourceIdentity'] : []),
    ];
  }

  #conditions(): Record<string, Record<string, unknown>> {
    const { sessionName, mfa, conditions = {}, certificateConditions = {} } = this.#options;
    const account = TRUST_ANCHOR.exec(this.#text)?.[1];
    return merged(
      conditions,
      account === undefined ? {} : certificateConditions,
      account === undefined
        ? {}
        : {
            ArnEquals: { 'aws:SourceArn': this.#text },
            StringEquals: { 'aws:SourceAccount': account },
          },
      sessionName === undefined
        ? {}
        : { StringEquals: { 'sts:RoleSessionName': `\${${sessionName}}` } },
      mfa ? { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } : {},
    );
  }
}

/** Merges conditions. If two have the same operator and key, the later one applies. */
function merged(...all: SessionConditions[]): Record<string, Record<string, unknown>> {
  const result: Record<string, Record<string, unknown>> = {};
  for (const [operator, keys] of all.flatMap((one) => Object.entries(one)))
    result[operator] = { ...result[operator], ...keys };
  return result;
}

function principalOf(text: Trusted): iam.PrincipalBase {
  if (!isTrusted(text)) throw new Error(`${text}: ${TRUSTED_FORMS}`);
  if (text === 'account') return new iam.AccountRootPrincipal();
  if (/^\d+$/.test(text)) return new iam.AccountPrincipal(text);
  if (isTrustAnchor(text)) return new iam.ServicePrincipal(ROLES_ANYWHERE);
  if (text.endsWith('.amazonaws.com')) return new iam.ServicePrincipal(text);
  return new iam.ArnPrincipal(text);
}
