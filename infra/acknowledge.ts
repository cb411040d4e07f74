import { CfnResource, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Acknowledges findings of a construct: those of cdk-nag for it and its children, and those of checkov (`CKV_…`) for its
 * own resource, in whose metadata checkov reads them. Each rule, with its finding, has a reason.
 */
export function acknowledge(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(reasons))
    if (isOfCheckov(id)) skipInCheckov(scope, id, reason);
    else Validations.of(scope).acknowledge({ id, reason });
}

const isOfCheckov = (id: string): boolean => id.startsWith('CKV');

/** https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html */
function skipInCheckov(scope: IConstruct, id: string, comment: string): void {
  const resource = scope.node.defaultChild;
  if (!(resource instanceof CfnResource)) throw new Error(`${scope.node.path} has no resource`);
  const { skip = [] } = resource.getMetadata('checkov') ?? {};
  resource.addMetadata('checkov', { skip: [...skip, { id, comment }] });
}
