/**
 * The principals of `lib/access` as ARNs, or patterns of ARNs, for conditions on `aws:PrincipalArn`. They are texts, not
 * references: policies that name a role must be valid before it exists, and after it was created again.
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import {
  FUNCTION_ROLE_FOLDER,
  type Outsider,
  type Principal,
  ROLE_FOLDERS,
} from '../lib/access/principals.ts';
import type { ServiceName } from '../lib/metric-names.ts';

/** IAM's path of roles; `aws:PrincipalArn` contains it. */
export function rolePath(namePrefix: string, folder: string): string {
  return `/cakeless/${namePrefix}/${folder}`;
}

/** With the region, because roles are global. */
export function functionRoleName(scope: IConstruct, namePrefix: string, name: ServiceName): string {
  return `${namePrefix}-${name}-${Stack.of(scope).region}`;
}

/** For functions the ARN of the role, for nodes and people a pattern for each folder of roles. */
export function principalArns(
  scope: IConstruct,
  namePrefix: string,
  principals: readonly Principal[],
): string[] {
  return principals.flatMap((principal) => {
    if (isOutsider(principal))
      return ROLE_FOLDERS[principal].map((folder) =>
        roleArn(scope, `${rolePath(namePrefix, folder)}*`),
      );
    const path = rolePath(namePrefix, FUNCTION_ROLE_FOLDER);
    return [roleArn(scope, path + functionRoleName(scope, namePrefix, principal))];
  });
}

const isOutsider = (principal: Principal): principal is Outsider => principal in ROLE_FOLDERS;

/** @param path with a slash at its start, as IAM writes paths */
function roleArn(scope: IConstruct, path: string): string {
  return Stack.of(scope).formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: path.slice(1),
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
}

/** Principals outside `lib/access` that may change the policies themselves, as ARNs or patterns of ARNs. */
export interface Guardians {
  /** They may change policies and settings of buckets, queues and keys, as a deployment does. */
  readonly deployers: readonly string[];
  /** They may do the same, and delete what can be deleted. */
  readonly breakGlass: readonly string[];
}

export interface GuardiansProps {
  /** @default the role that CloudFormation has from `cdk bootstrap` in this account and region */
  readonly deployers?: readonly string[] | undefined;
  /** @default the root user of the account */
  readonly breakGlass?: readonly string[] | undefined;
}

/** The guardians of a deployment, with the defaults for what is not configured. */
export function guardiansOf(scope: IConstruct, props: GuardiansProps): Guardians {
  return {
    deployers: props.deployers ?? [cloudFormationRole(scope)],
    breakGlass: props.breakGlass ?? [
      `arn:${Stack.of(scope).partition}:iam::${Stack.of(scope).account}:root`,
    ],
  };
}

/** The value of `qualifier` in a bootstrap that does not choose another one. */
const USUAL_QUALIFIER = 'hnb659fds';

function cloudFormationRole(scope: IConstruct): string {
  const { account, region, synthesizer } = Stack.of(scope);
  const qualifier = synthesizer.bootstrapQualifier ?? USUAL_QUALIFIER;
  return roleArn(scope, `/cdk-${qualifier}-cfn-exec-role-${account}-${region}`);
}
