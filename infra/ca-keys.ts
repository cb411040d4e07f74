import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { caKeyAlias } from '../lib/ca/key-alias.ts';
import { CA_NAMES, type CaName } from '../lib/profiles/certificate-names.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';

export interface CaKeysProps {
  readonly trustDomain: string;
  /** @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec | undefined;
  /** Role of the sign function, by ARN; it may be of another account. */
  readonly signRoleArn: string;
  /** Role of the create-ca function, by ARN; it may be of another account. */
  readonly createCaRoleArn: string;
  /** Keys that can be replicated to other regions. It can't be changed afterwards. @default false */
  readonly multiRegion?: boolean | undefined;
  /**
   * Who may change the key policy, as patterns of principal ARNs. Whoever deploys must be among them: KMS makes no key
   * whose policy its maker could not change.
   * @default the role that CloudFormation has from `cdk bootstrap`
   */
  readonly keyAdministrators?: readonly string[] | undefined;
  /** Who may disable the keys and schedule their deletion, as patterns of principal ARNs. @default the root user of the account */
  readonly breakGlass?: readonly string[] | undefined;
}

export const DEFAULT_KEY_SPEC: CaKeySpec = 'ECC_NIST_P256';

/** Harmless with these keys, each for who has an IAM policy for it. None signs, none passes rights on. */
const ADMINISTRATION = [
  'kms:DescribeKey',
  'kms:GetPublicKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus', // CloudFormation reads it of every key
  'kms:ListKeyPolicies',
  'kms:ListGrants',
  'kms:ListResourceTags',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
  'kms:CreateAlias',
  'kms:UpdateAlias',
  'kms:DeleteAlias',
  'kms:EnableKey',
  'kms:CancelKeyDeletion',
];

/** Who has the key policy has the key. */
const CHANGING_THE_POLICY = ['kms:PutKeyPolicy', 'kms:ReplicateKey', 'kms:UpdatePrimaryRegion'];

/** No certificate can be renewed without the key, and no other key can take its place. */
const ENDING = ['kms:DisableKey', 'kms:ScheduleKeyDeletion'];

/**
 * The three keys of a trust domain. They stay when the stack goes.
 *
 * The key policy gives Sign to the two functions' roles and to nobody else. It names them by a condition on their ARN,
 * so that the role's own policy has to say yes as well, and so that the keys still know the roles after these were made
 * anew, or before they are made at all.
 */
export class CaKeys extends Construct {
  readonly arns: Readonly<Record<CaName, string>>;
  readonly keySpec: CaKeySpec;

  constructor(scope: Construct, id: string, props: CaKeysProps) {
    super(scope, id);
    this.keySpec = props.keySpec ?? DEFAULT_KEY_SPEC;
    const arns: Partial<Record<CaName, string>> = {};
    for (const ca of CA_NAMES) arns[ca] = this.#newKey(ca, props).keyArn;
    this.arns = arns as Record<CaName, string>;
  }

  #newKey(ca: CaName, props: CaKeysProps): kms.Key {
    const key = new kms.Key(this, ca, {
      description: `Cakeless: ${ca} of trust domain ${props.trustDomain}`,
      keySpec: this.keySpec as kms.KeySpec,
      keyUsage: kms.KeyUsage.SIGN_VERIFY,
      multiRegion: props.multiRegion ?? false,
      policy: new iam.PolicyDocument({ statements: this.#statements(props) }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // It stays with its key, so that nobody makes a second set of keys for the trust domain by mistake.
    new kms.Alias(this, `${ca}-alias`, {
      aliasName: caKeyAlias(props.trustDomain, ca),
      targetKey: key,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    return key;
  }

  #statements(props: CaKeysProps): iam.PolicyStatement[] {
    const { account, region, partition } = Stack.of(this);
    const administrators = props.keyAdministrators ?? [
      `arn:${partition}:iam::${account}:role/cdk-*-cfn-exec-role-${account}-${region}`,
    ];
    const breakGlass = props.breakGlass ?? [`arn:${partition}:iam::${account}:root`];
    const policyMakers = [...administrators, ...breakGlass];
    const signers = [props.signRoleArn, props.createCaRoleArn];
    const algorithm = signingAlgorithmOf(this.keySpec).kms;
    return [
      allow('Administration', [account], ADMINISTRATION),
      allow('ChangingThePolicy', [account], CHANGING_THE_POLICY, among(policyMakers)),
      allow('Ending', [account], ENDING, among(breakGlass)),
      allow('Sign', accountsOf(signers, account), ['kms:Sign'], {
        ...among(signers),
        StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': algorithm },
      }),
      allow('PublicKey', accountsOf([props.createCaRoleArn], account), ['kms:GetPublicKey'], {
        ...among([props.createCaRoleArn]),
      }),
      // From here on for everybody, whatever a statement above may be changed to.
      deny('NobodyElseSigns', ['kms:Sign'], notAmong(signers)),
      deny('NothingButDigests', ['kms:Sign'], {
        StringNotEquals: { 'kms:MessageType': 'DIGEST' },
      }),
      deny('NoOtherAlgorithm', ['kms:Sign'], {
        StringNotEquals: { 'kms:SigningAlgorithm': algorithm },
      }),
      // A grant would pass Sign on, and nobody needs one.
      deny('NoGrants', ['kms:CreateGrant']),
      deny('PolicyIsGuarded', CHANGING_THE_POLICY, notAmong(policyMakers)),
      deny('EndIsGuarded', ENDING, notAmong(breakGlass)),
    ];
  }
}

type Conditions = Record<string, Record<string, string | readonly string[]>>;

const among = (arns: readonly string[]) => ({ ArnLike: { 'aws:PrincipalArn': arns } });
const notAmong = (arns: readonly string[]) => ({ ArnNotLike: { 'aws:PrincipalArn': arns } });

/** The resource of a key policy is always its key. */
const THIS_KEY = ['*'];

function allow(
  sid: string,
  accounts: readonly string[],
  actions: string[],
  conditions: Conditions = {},
): iam.PolicyStatement {
  const principals = accounts.map((account) => new iam.AccountPrincipal(account));
  return new iam.PolicyStatement({ sid, actions, principals, resources: THIS_KEY, conditions });
}

function deny(sid: string, actions: string[], conditions: Conditions = {}): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    effect: iam.Effect.DENY,
    actions,
    principals: [new iam.AnyPrincipal()],
    resources: THIS_KEY,
    conditions,
  });
}

/** The accounts of roles; a role whose ARN is known at deployment only is of this account. */
function accountsOf(roleArns: readonly string[], ownAccount: string): string[] {
  const accounts = roleArns.map((arn) =>
    Token.isUnresolved(arn) ? ownAccount : (arn.split(':')[4] ?? ownAccount),
  );
  return [...new Set(accounts)];
}
