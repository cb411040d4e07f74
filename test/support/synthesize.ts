/** Templates of the deployment, and their policies as texts that tests can compare. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { acknowledge } from '../../infra/acknowledge.ts';
import { CakelessStack } from '../../infra/cakeless-stack.ts';
import { checkConfig } from '../../infra/config.ts';

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as deep and as different as CloudFormation's properties
  readonly Properties: any;
}

export type Resources = Readonly<Record<string, Resource>>;

/** A folder with placeholders instead of bundles, so that nothing has to be bundled. */
export function codeDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cakeless-code-'));
  for (const name of ['triage', 'sign', 'create-ca', 'reconcile', 'watch-signatures']) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'index.mjs'), `export const handler = '${name}';\n`);
  }
  return dir;
}

/**
 * An app with the flags of cdk.json. CDK's own validation of the templates takes three seconds for each file of tests:
 * `npm run synth` does it, and test/infra/synth.slow.test.ts runs that.
 */
export function newApp(): App {
  return new App({
    outdir: mkdtempSync(join(tmpdir(), 'cakeless-cdk-')),
    builtinCloudFormationValidation: false,
    context: JSON.parse(readFileSync('cdk.json', 'utf8')).context,
  });
}

/** CDK notes in which line each construct and token was made. No test reads that, and it takes a fifth of the time. */
export function withoutStackTraces<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The stack that a configuration describes. */
export function stackOf(config: unknown, code = codeDir()): CakelessStack {
  const props = { config: checkConfig(config, 'test'), codeDir: code };
  return withoutStackTraces(() => new CakelessStack(newApp(), 'Cakeless', props));
}

/** The resources of the stack that a configuration describes. */
export function synthesize(config: unknown, code?: string): Resources {
  const stack = stackOf(config, code);
  acknowledge(stack, { 'Annotation::cakeless:alarms-tell-nobody': 'Nobody deploys this.' });
  return resourcesOf(stack);
}

export function resourcesOf(stack: Stack): Resources {
  return withoutStackTraces(() => Template.fromStack(stack).toJSON().Resources);
}

export function ofType(resources: Resources, type: string): [string, Resource][] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type);
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The statements of a policy document, with references as texts: `<LogicalId.Arn>/requests/*`. */
export function statementsOf(document: { Statement: unknown[] }): Statement[] {
  return document.Statement.map((statement) => {
    const read = asText(statement) as Statement;
    return { ...read, Action: listOf(read.Action), Resource: listOf(read.Resource) };
  });
}

/** Statements of the policies of the role whose id starts with this text. */
export function statementsOfRole(resources: Resources, roleId: string): Statement[] {
  return ofType(resources, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) =>
      Properties.Roles.some(({ Ref }: { Ref: string }) =>
        new RegExp(`^${roleId}[0-9A-F]{8}$`).test(Ref),
      ),
    )
    .flatMap(([, { Properties }]) => statementsOf(Properties.PolicyDocument));
}

/** Replaces CloudFormation's functions by readable text. */
export function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (Ref !== undefined) return `<${Ref}>`;
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  if (Array.isArray(join)) return (asText(join[1]) as string[]).join(String(join[0]));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]));
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
}
