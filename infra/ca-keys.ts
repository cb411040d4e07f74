import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { type KeyAccess, type KeyPrincipal, keyAccessOf } from '../lib/access/services.ts';
import { caKeyAlias } from '../lib/ca/key-alias.ts';
import { keyDescription } from '../lib/ca/key-description.ts';
import { FIRST_CA_VERSION } from '../lib/contract/ca-record.ts';
import { signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import { type CaKeyArns, type CaPlan, type CasProps, caPlansOf } from './ca-plans.ts';
import { type RotationPlan, type RotationsProps, rotationPlansOf } from './ca-rotations.ts';
import { requestConditions } from './key-conditions.ts';
import { guardiansOf } from './principal-arns.ts';

export interface CaKeysProps extends CasProps, RotationsProps {
  readonly trustDomain: string;
  /** ARN of the role of the sign function; it can be in another account. */
  readonly signRoleArn: string;
  /** ARN of the role of the create-ca function; it can be in another account. */
  readonly createCaRoleArn: string;
  /** Whether the keys can be replicated to other regions. It cannot be changed later. @default false */
  readonly multiRegion?: boolean | undefined;
  /**
   * Who may change the key policy and enable the keys, as patterns of principal ARNs. The principal that deploys must match one: KMS creates
   * no key whose policy its creator could not change.
   * @default the role that CloudFormation has from `cdk bootstrap` in this account and region
   */
  readonly keyAdministrators?: readonly string[] | undefined;
  /** Who may disable the keys and schedule their deletion, as patterns of principal ARNs. @default the root user of the account */
  readonly breakGlass?: readonly string[] | undefined;
  /**
   * Who may import into the keys of imported CAs, as patterns of principal ARNs in the account of the keys: KMS accepts an
   * import from no other. @default nobody
   */
  readonly importers?: readonly string[] | undefined;
}

/**
 * The keys of a trust domain, one for each CA that it has, and one for each rotation. They stay when the stack is deleted. The key of an imported
 * CA has no key material until someone imports it.
 *
 * The key policy allows Sign to the roles of two functions only. It names them in a condition on their ARN: therefore
 * the role's own policy must allow it too, and the key policy is valid before the roles exist and after they are
 * recreated.
 */
export class CaKeys extends Construct {
  /** Of the first versions. */
  readonly arns: CaKeyArns;
  /** Of the keys for rotations that were created. */
  readonly rotations: readonly CreatedKey[];

  constructor(scope: Construct, id: string, props: CaKeysProps) {
    super(scope, id);
    const keys = caPlansOf(props).map((plan) => [
      plan.ca,
      this.#newKey({ ...plan, version: FIRST_CA_VERSION }, props).keyArn,
    ]);
    this.arns = Object.fromEntries(keys) as CaKeyArns;
    this.rotations = rotationPlansOf(props)
      .filter(({ key }) => key === undefined)
      .map((plan) => ({ ...plan, arn: this.#newKey(plan, props).keyArn }));
  }

  #newKey(plan: RotationPlan, props: CaKeysProps): kms.Key {
    const { ca, version, keySpec, imported } = plan;
    const { trustDomain } = props;
    const isFirst = version === FIRST_CA_VERSION;
    const description = keyDescription({ trustDomain, ca });
    const id = isFirst ? ca : `${ca}-${version}`;
    const key = new kms.Key(this, id, {
      description: isFirst ? description : `${description}, version ${version}`,
      keySpec: keySpec as kms.KeySpec,
      keyUsage: kms.KeyUsage.SIGN_VERIFY,
      multiRegion: props.multiRegion ?? false,
      policy: new iam.PolicyDocument({ statements: this.#statements(plan, props) }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (imported) withoutKeyMaterial(key);
    // It stays with its key, so that nobody creates a second set of keys for the trust domain by mistake.
    new kms.Alias(this, `${id}-alias`, {
      aliasName: caKeyAlias({ trustDomain, ca, version }),
      targetKey: key,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    return key;
  }

  #statements({ keySpec, imported }: CaPlan, props: CaKeysProps): iam.PolicyStatement[] {
    const principals = this.#principals(props);
    const algorithm = signingAlgorithmOf(keySpec).kms;
    const rows = keyAccessOf({ imported });
    return [
      ...rows.flatMap((row) => allow(row, principals, algorithm)),
      // The denials apply to everyone, however the statements above are changed.
      ...rows.flatMap((row) => denyOthers(row, principals, algorithm)),
    ];
  }

  #principals(props: CaKeysProps): Principals {
    const { keyAdministrators, breakGlass } = props;
    const guardians = guardiansOf(this, { deployers: keyAdministrators, breakGlass });
    return {
      account: Stack.of(this).account,
      arns: {
        'key administrators': guardians.deployers,
        'break-glass': guardians.breakGlass,
        sign: [props.signRoleArn],
        'create-ca': [props.createCaRoleArn],
        importer: props.importers ?? [],
      },
    };
  }
}

/** A key for a rotation. */
export interface CreatedKey extends RotationPlan {
  readonly arn: string;
}

/** `kms.Key` has no property for it. */
function withoutKeyMaterial(key: kms.Key): void {
  (key.node.defaultChild as kms.CfnKey).origin = 'EXTERNAL';
}

/** Who the principals of a key are in this deployment. */
interface Principals {
  readonly account: string;
  /** ARNs, or patterns of ARNs. */
  readonly arns: Readonly<Record<Exclude<KeyPrincipal, 'account'>, readonly string[]>>;
}

type Conditions = Record<string, Record<string, string | readonly string[]>>;

/** The resource of a key policy is always its key. */
const THIS_KEY = ['*'];

function allow(row: KeyAccess, principals: Principals, algorithm: string): iam.PolicyStatement[] {
  const arns = arnsOf(row, principals);
  if (row.sid === undefined || (arns.length === 0 && !row.by.includes('account'))) return [];
  const named = row.by.includes('account') ? {} : { ArnLike: { 'aws:PrincipalArn': arns } };
  return [
    new iam.PolicyStatement({
      sid: row.sid,
      actions: [...row.actions],
      principals: accountsOf(row, principals).map((account) => new iam.AccountPrincipal(account)),
      resources: THIS_KEY,
      conditions: { ...named, ...requestConditions(row, algorithm) },
    }),
  ];
}

function denyOthers(
  row: KeyAccess,
  principals: Principals,
  algorithm: string,
): iam.PolicyStatement[] {
  if (row.denialSid === undefined) return [];
  const arns = arnsOf(row, principals);
  const others = arns.length === 0 ? {} : { ArnNotLike: { 'aws:PrincipalArn': arns } };
  return [
    deny(row.denialSid, row, others),
    ...(row.only
      ? [deny(row.only.denialSid, row, { StringNotEquals: { [row.only.key]: row.only.value } })]
      : []),
    ...(row.digestsOnly
      ? [
          deny('NothingButDigests', row, { StringNotEquals: { 'kms:MessageType': 'DIGEST' } }),
          deny('NoOtherAlgorithm', row, { StringNotEquals: { 'kms:SigningAlgorithm': algorithm } }),
        ]
      : []),
  ];
}

function deny(sid: string, { actions }: KeyAccess, conditions: Conditions): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    effect: iam.Effect.DENY,
    actions: [...actions],
    principals: [new iam.AnyPrincipal()],
    resources: THIS_KEY,
    conditions,
  });
}

function arnsOf({ by }: KeyAccess, { arns }: Principals): string[] {
  return by.flatMap((principal) => (principal === 'account' ? [] : arns[principal]));
}

/** The accounts of a row's function roles, which can differ from the key's; the key's account if the row has none. */
function accountsOf({ by }: KeyAccess, { account, arns }: Principals): string[] {
  const roles = by.flatMap((one) => (one === 'sign' || one === 'create-ca' ? arns[one] : []));
  // an ARN that is known only at deployment is of this account
  const accounts = roles.map((arn) =>
    Token.isUnresolved(arn) ? account : (arn.split(':')[4] ?? account),
  );
  return accounts.length === 0 ? [account] : [...new Set(accounts)];
}
