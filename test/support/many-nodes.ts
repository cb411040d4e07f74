/** Clusters of many nodes on EC2, and the templates that they synthesize to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, Stack } from 'aws-cdk-lib';
import { codeDir, ofType, type Resources, stackOf, withoutStackTraces } from './synthesize.ts';

const code = codeDir();
export const names = (count: number) =>
  Array.from({ length: count }, (_, i) => `node-${i}.example.com`);

export function clusterOf(count: number, nestedStacks?: number) {
  const nodes = { names: names(count), controlPlanes: names(3), nestedStacks };
  return {
    trustDomains: [{ name: 'prod' }],
    clusters: [{ name: 'prod', nodes: { assumedBy: ['ec2.amazonaws.com'], ...nodes } }],
    alarms: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms' },
  };
}

export interface Template {
  readonly Description?: string;
  readonly Resources: Resources;
  readonly Outputs?: Readonly<
    Record<string, { readonly Description?: string; readonly Value: unknown }>
  >;
}

/** The template of the stack, then those of its nested stacks. */
export function templatesOf(config: unknown): Template[] {
  const stack = stackOf(config, code);
  const { directory, artifacts } = withoutStackTraces(() => (stack.node.root as App).synth());
  const files = [
    ...artifacts.map(
      ({ manifest }) => (manifest.properties as { templateFile?: string }).templateFile,
    ),
    ...stack.node
      .findAll()
      .flatMap((one) => (Stack.isStack(one) && one.nested ? [one.templateFile] : [])),
  ].filter((file): file is string => file !== undefined);
  return files.map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')));
}

export const rolesIn = ({ Resources }: Template) =>
  ofType(Resources, 'AWS::IAM::Role')
    .map(([, { Properties }]) => /: node (\S+) of/.exec(Properties.Description)?.[1] ?? '')
    .filter((node) => node !== '');

/** Each template is within CloudFormation's limits, and each node has a role and an instance profile. */
export function expectNodes(templates: readonly Template[], count: number): void {
  for (const { Resources, Outputs = {} } of templates) {
    expect(Object.keys(Resources).length).toBeLessThanOrEqual(500);
    expect(Object.keys(Outputs).length).toBeLessThanOrEqual(200);
  }
  expect(templates.flatMap(rolesIn).sort()).toEqual(names(count).sort());
  const profiles = templates.flatMap((one) => ofType(one.Resources, 'AWS::IAM::InstanceProfile'));
  expect(profiles).toHaveLength(count);
}
