/** A role that the configuration gives to people or machines other than nodes. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { type Caller, type Outsider, ROLE_FOLDERS } from '../lib/access/principals.ts';
import type { CakelessService } from './cakeless-service.ts';
import { rolePath } from './principal-arns.ts';
import { assumedBy, type SessionRules, type Trusted } from './trusted.ts';

export interface OutsiderRoleProps {
  readonly service: CakelessService;
  readonly trust: SessionRules & { readonly assumedBy: readonly Trusted[] };
  /** Who has the role, after `Cakeless: `. */
  readonly description: string;
  readonly caller: Caller & { readonly principal: Exclude<Outsider, 'node' | 'control-plane'> };
}

export function newRole(
  scope: Construct,
  id: string,
  { service, trust, description, caller }: OutsiderRoleProps,
): iam.Role {
  const [folder = ''] = ROLE_FOLDERS[caller.principal];
  const role = new iam.Role(scope, id, {
    path: rolePath(service.namePrefix, folder),
    description: `Cakeless: ${description}`,
    assumedBy: assumedBy(trust.assumedBy, trust),
  });
  service.grant(role, caller);
  return role;
}
