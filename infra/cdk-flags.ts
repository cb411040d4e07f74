/** The CDK's feature flags that the templates depend on, so that they are the same in every app. */
import type { Construct } from 'constructs';

/** Without the first one, an app gets an error; without the others, different policies. */
const FLAGS = [
  '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy',
  '@aws-cdk/aws-iam:minimizePolicies',
  '@aws-cdk/core:enablePartitionLiterals',
];

/** Sets the flags for a construct and all below it, whatever the `cdk.json` of the app says. It must have no children. */
export function setFlags(construct: Construct): void {
  for (const flag of FLAGS) construct.node.setContext(flag, true);
}
