/** The configuration of one deployment of the app, read from a file and checked. docs/deployment.md explains each field. */
import { existsSync, readFileSync } from 'node:fs';
import { Token } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import { CA_ORIGINS } from '../lib/contract/ca-origin.ts';
import { isSubdomain } from '../lib/names.ts';
import { CA_NAMES } from '../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../lib/signing/signing-algorithm.ts';
import { describeIssue } from '../lib/store/describe-issue.ts';
import { ruleFields } from '../lib/trust-domain-rules.ts';
import { problemsOfCas } from './ca-plans.ts';
import { problemsOfRotations } from './ca-rotations.ts';
import { checkNodeName } from './node-access.ts';
import { MAX_NESTED_STACKS } from './node-placement.ts';
import { retentionOf } from './retention.ts';
import { trustDomainRules } from './trust-domain-rules.ts';
import {
  isTrustAnchor,
  isTrusted,
  SESSION_NAME_FORMS,
  SESSION_NAME_PATTERN,
  TRUSTED_FORMS,
} from './trusted.ts';

const DEFAULT_FILE = 'cakeless.config.json';

const name = z.string().check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain (lower case)'));
/** A value that is known only at deployment, such as `topic.topicArn` of another construct, is checked by AWS alone. */
const matching = (pattern: RegExp, message: string) =>
  z.string().check(z.refine((text) => Token.isUnresolved(text) || pattern.test(text), message));
const keyArn = matching(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
  'must be the ARN of a KMS key',
);
/** At least the start of a name, so that it does not mean every principal of the account. */
const principalPattern = matching(
  /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:(?:root|[a-z-]+\/[^*?]{4}.*)$/,
  'must be the ARN of a principal, or a pattern with the start of its name',
);
const principalPatterns = z.array(principalPattern).check(z.minLength(1));
const trusted = z.array(z.string().check(z.refine(isTrusted, TRUSTED_FORMS))).check(z.minLength(1));
/**
 * For a week, the daily run of reconcile publishes what is recorded but not yet published; it must not expire before
 * that.
 */
const MIN_EXPIRATION_DAYS = 14;
/** CloudWatch's limit: an alarm looks back a week at most. */
const MAX_SILENT_HOURS = 168;
const count = z.number().check(z.int(), z.positive());
const conditions = z.optional(
  z.record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())]))),
);
const people = z.strictObject({
  assumedBy: trusted,
  sessionName: z.optional(z.string().check(z.regex(SESSION_NAME_PATTERN, SESSION_NAME_FORMS))),
  mfa: z.optional(z.boolean()),
  conditions,
});
const caSettings = {
  keySpec: z.optional(z.enum(CA_KEY_SPECS)),
  origin: z.optional(z.enum(CA_ORIGINS)),
};
const ca = z.strictObject(caSettings);
const trustDomainSchema = z.strictObject({
  name: name.check(z.maxLength(120)),
  ...caSettings,
  cas: z.optional(
    z.strictObject({
      ca,
      'etcd-ca': z.optional(ca),
      'front-proxy-ca': z.optional(ca),
      'kubelet-ca': z.optional(ca),
    }),
  ),
  validityDays: z.optional(count.check(z.maximum(36500))),
  multiRegion: z.optional(z.boolean()),
  keys: z.optional(
    z.strictObject({
      ca: keyArn,
      'etcd-ca': z.optional(keyArn),
      'front-proxy-ca': z.optional(keyArn),
      'kubelet-ca': z.optional(keyArn),
    }),
  ),
  rotations: z.optional(
    z.array(
      z.strictObject({
        ca: z.enum(CA_NAMES),
        version: z.number().check(z.int(), z.minimum(2), z.maximum(999)),
        keySpec: z.optional(z.enum(CA_KEY_SPECS)),
        key: z.optional(keyArn),
      }),
    ),
  ),
  createCertificates: z.optional(z.boolean()),
  ...ruleFields,
});

const clusterSchema = z.strictObject({
  name,
  nodes: z.optional(
    z.strictObject({
      assumedBy: trusted,
      names: z.optional(z.array(name).check(z.minLength(1))),
      controlPlanes: z.optional(z.array(name)),
      nestedStacks: z.optional(count.check(z.maximum(MAX_NESTED_STACKS))),
      nodeTag: z.optional(z.string()),
      roleTag: z.optional(z.string()),
    }),
  ),
  forwarders: z.optional(z.strictObject({ assumedBy: trusted, conditions })),
  csrSigningSilentHours: z.optional(count.check(z.maximum(MAX_SILENT_HOURS))),
  users: z.optional(people),
  relays: z.optional(people),
});

export const configSchema = z.strictObject({
  /** For editors: where the JSON Schema of this file is. */
  $schema: z.optional(z.string()),
  stackName: z._default(z.string(), 'Cakeless'),
  account: z.optional(z.string().check(z.regex(/^\d{12}$/, 'must be 12 digits'))),
  region: z.optional(z.string().check(z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region'))),
  namePrefix: z.optional(
    z
      .string()
      .check(z.regex(/^[a-z][a-z0-9-]{0,22}[a-z0-9]$/, 'must be 2 to 24 of a-z, 0-9 and -')),
  ),
  trustDomains: z._default(z.array(trustDomainSchema), []),
  clusters: z._default(z.array(clusterSchema), []),
  fleet: z.optional(
    z.strictObject({
      assumedBy: trusted,
      clusterTag: z.optional(z.string()),
      nodeTag: z.optional(z.string()),
      roleTag: z.optional(z.string()),
    }),
  ),
  operators: z.optional(people),
  approvers: z.optional(people),
  auditors: z.optional(people),
  importers: z.optional(people),
  alarms: z.optional(
    z.strictObject({
      topicArn: z.optional(
        matching(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, 'must be the ARN of a topic'),
      ),
      renewalsStoppedDays: z.optional(count.check(z.maximum(7))),
    }),
  ),
  deployers: z.optional(principalPatterns),
  keyAdministrators: z.optional(principalPatterns),
  breakGlass: z.optional(principalPatterns),
  terminationProtection: z.optional(z.boolean()),
  encryptionKeyArn: z.optional(keyArn),
  requestExpirationDays: z.optional(z.number().check(z.int(), z.minimum(MIN_EXPIRATION_DAYS))),
  logRetentionDays: z.optional(count),
  maxConcurrency: z.optional(z.number().check(z.int(), z.minimum(2), z.maximum(1000))),
  reservedConcurrency: z.optional(
    z.partialRecord(
      z.enum(['triage', 'sign', 'create-ca', 'reconcile', 'watch-signatures']),
      count,
    ),
  ),
});

export type Config = z.infer<typeof configSchema>;

/** @throws Error that names the file and every invalid field */
export function readConfig(file?: string): Config {
  const path = file ?? DEFAULT_FILE;
  if (file === undefined && !existsSync(path)) return configSchema.parse({});
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
  return checkConfig(value, path);
}

/** @param source where the value is from, for messages */
export function checkConfig(value: unknown, source: string): Config {
  const result = configSchema.safeParse(value);
  if (!result.success) throw new Error(listing(source, result.error.issues.map(describeIssue)));
  const problems = findContradictions(result.data);
  if (problems.length > 0) throw new Error(listing(source, problems));
  return result.data;
}

const listing = (source: string, problems: readonly string[]) =>
  [`${source}:`, ...problems.map((problem) => `  ${problem}`)].join('\n');

function findContradictions(config: Config): string[] {
  const { trustDomains, clusters, fleet, logRetentionDays } = config;
  return [
    ...clusters.flatMap(({ name: cluster, nodes }) => problemsOfNodes(cluster, nodes)),
    ...untagged('fleet', fleet?.assumedBy),
    ...problemsOfRoles(config),
    ...problemsOfTopic(config),
    ...problemOf(() => retentionOf(logRetentionDays)),
    ...problemOf(() => trustDomainRules(trustDomains)),
    ...trustDomains.flatMap(problemsOfCas),
    ...trustDomains.flatMap(problemsOfRotations),
    ...twice(
      'trust domain',
      trustDomains.map((domain) => domain.name),
    ),
    ...twice(
      'cluster',
      clusters.map((cluster) => cluster.name),
    ),
    ...twice(
      'key',
      trustDomains.flatMap(({ keys, rotations }) =>
        [...Object.values(keys ?? {}), ...(rotations ?? []).map(({ key }) => key)].filter(
          (arn) => arn !== undefined,
        ),
      ),
    ),
  ];
}

function problemsOfNodes(cluster: string, nodes: Config['clusters'][number]['nodes']): string[] {
  const { names, controlPlanes = [] } = nodes ?? {};
  return [
    ...(names ?? [])
      .flatMap((node) => problemOf(() => checkNodeName(node)))
      .map((problem) => `cluster ${cluster}: ${problem}`),
    ...controlPlanes
      .filter((node) => !names?.includes(node))
      .map((node) => `cluster ${cluster}: control-plane node ${node} is not in nodes.names`),
    ...(names ? [] : untagged(`nodes of cluster ${cluster}`, nodes?.assumedBy)),
    ...(nodes?.nestedStacks !== undefined && !names
      ? [`cluster ${cluster}: nodes.nestedStacks is for the roles of nodes.names, which is missing`]
      : []),
    ...twice(`node of cluster ${cluster},`, names ?? []),
  ];
}

function problemsOfRoles({ trustDomains, clusters, ...config }: Config): string[] {
  const roles = {
    operators: config.operators,
    approvers: config.approvers,
    auditors: config.auditors,
    importers: config.importers,
    ...Object.fromEntries(clusters.map(({ name, users }) => [`users of cluster ${name}`, users])),
    ...Object.fromEntries(
      clusters.map(({ name, relays }) => [`relays of cluster ${name}`, relays]),
    ),
    ...Object.fromEntries(
      clusters.map(({ name, forwarders }) => [`forwarders of cluster ${name}`, forwarders]),
    ),
  };
  const several = trustDomains.filter(({ requiredApprovals = 1 }) => requiredApprovals > 1);
  return [
    ...Object.entries(roles)
      .filter(([, one]) => one?.assumedBy.some(isTrustAnchor) && !one.conditions)
      .map(
        ([what]) =>
          `${what}: every certificate of the trust anchor could assume the role: name one in conditions, such as {"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "jane"}}`,
      ),
    ...(config.approvers?.sessionName
      ? []
      : several.map(
          ({ name, requiredApprovals }) =>
            `trust domain ${name} requires ${requiredApprovals} approvals, but an approver who chooses the name of a session counts as several: set approvers.sessionName`,
        )),
  ];
}

/** PutMetricAlarm refuses actions in other regions, but only when the stack is deployed. */
function problemsOfTopic({ region, alarms }: Config): string[] {
  const topicRegion = alarms?.topicArn?.split(':')[3];
  if (region === undefined || topicRegion === undefined || topicRegion === region) return [];
  return [
    `alarms.topicArn: the topic is in ${topicRegion}, but an alarm can notify only topics in its region, ${region}`,
  ];
}

function problemOf(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Session tags identify the calling node if many nodes share a role. */
function untagged(what: string, trusted: readonly string[] = []): string[] {
  if (!trusted.includes('ec2.amazonaws.com')) return [];
  return [
    `${what}: EC2 sets no session tags, so each node needs its own role: list the nodes in nodes.names`,
  ];
}

function twice(what: string, names: readonly string[]): string[] {
  const repeated = names.filter((name, i) => names.indexOf(name) !== i);
  return [...new Set(repeated)].map((name) => `${what} ${name} is listed twice`);
}
