/** The JSON Schemas, judged by an independent validator, agree with the schemas that read the documents. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { DOCUMENTS } from '../../client/schemas/documents.ts';
import { deploymentDocument } from '../../infra/config-schema.ts';
import { DOCUMENTED_KEYS } from '../../lib/contract/keys.ts';
import { type JsonSchema, toJsonSchema } from '../../lib/schemas/json-schema.ts';
import { documentedExamples, type Example, OTHER_EXAMPLES, writtenExamples } from './examples.ts';
import { mutationsOf } from './mutations.ts';

const ALL = [...DOCUMENTS, deploymentDocument(readFileSync('docs/deployment.md', 'utf8'))];
const NAMES = ALL.map(({ name }) => name);
const made = new Map(ALL.map((document) => [document.name, toJsonSchema(document)]));
const ajv = new Ajv2020({ strict: true, allErrors: false });
const validators = new Map([...made].map(([name, schema]) => [name, ajv.compile(schema)]));
let examples: readonly Example[] = [];

beforeAll(async () => {
  examples = [...documentedExamples(), ...OTHER_EXAMPLES, ...(await writtenExamples())];
});

const validatorOf = (name: string): ValidateFunction => {
  const validate = validators.get(name);
  if (!validate) throw new Error(`no schema ${name}`);
  return validate;
};

const schemaOf = (name: string) => {
  const document = ALL.find((one) => one.name === name);
  if (!document) throw new Error(`no schema ${name}`);
  return document.schema;
};

it('every document of both buckets has a JSON Schema', () => {
  const schemas = ALL.map(({ schema }) => schema);
  const without = DOCUMENTED_KEYS.filter(
    ({ document }) => document && !schemas.includes(document.schema as (typeof schemas)[number]),
  );
  expect(without.map(({ key }) => key)).toEqual([]);
});

it('what a schema says about unknown fields is what docs/s3-contract.md says', () => {
  for (const { document } of DOCUMENTED_KEYS) {
    if (!document) continue;
    const own = ALL.find(({ schema }) => schema === document.schema);
    expect([own?.name, own?.unknownFields]).toEqual([own?.name, document.unknownFields]);
  }
});

it('every document has an example here', () => {
  const shown = new Set(examples.map(({ name }) => name));
  expect(NAMES.filter((name) => !shown.has(name))).toEqual([]);
});

it('every documented and every written document is valid', () => {
  const wrong = examples.flatMap(({ name, from, document }) => {
    const validate = validatorOf(name);
    return validate(document) ? [] : [`${from}: ${ajv.errorsText(validate.errors)}`];
  });
  expect(wrong).toEqual([]);
  expect(examples.length).toBeGreaterThan(25);
});

it.each(NAMES)('%s describes every field, and is identified by a URN', (name) => {
  const schema = made.get(name) ?? {};
  expect(schema.$id).toBe(`urn:cakeless:schema:${name}`);
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(fieldsWithoutDescription(schema)).toEqual([]);
});

function fieldsWithoutDescription(schema: JsonSchema, path = ''): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const inner = [schema.items, ...((schema.oneOf ?? schema.anyOf ?? []) as JsonSchema[])];
  return [
    ...properties.flatMap(([field, own]) => [
      ...(own.description === undefined ? [`${path}.${field}`] : []),
      ...fieldsWithoutDescription(own, `${path}.${field}`),
    ]),
    ...inner.flatMap((own) => (own ? fieldsWithoutDescription(own as JsonSchema, path) : [])),
  ];
}

/**
 * What JSON Schema cannot express: a rule over the value of a text or over several fields, which is in a description
 * (zod calls them custom).
 */
const isBeyondJsonSchema = (issues: readonly { readonly code: string }[]) =>
  issues.every(({ code }) => code === 'custom');

it.each(NAMES)(
  '%s and the schema that reads the document agree about changed documents',
  (name) => {
    const [schema, validate] = [schemaOf(name), validatorOf(name)];
    const wrong: string[] = [];
    let count = 0;
    for (const example of examples.filter((one) => one.name === name).slice(0, 3))
      for (const { what, document } of mutationsOf(example.document)) {
        const { success, error } = schema.safeParse(document);
        const valid = validate(document);
        count += 1;
        if (success && !valid) wrong.push(`${what}: only JSON Schema rejects it`);
        if (!success && valid && !isBeyondJsonSchema(error.issues))
          wrong.push(`${what}: only zod rejects it: ${JSON.stringify(error.issues)}`);
      }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(30);
  },
);

describe('of values that only patterns can tell apart', () => {
  const record = () => examples.find(({ name }) => name === 'cluster-record')?.document as object;

  it.each([
    ['a cluster name in upper case', { cluster: 'Prod' }],
    ['a trust domain with a space', { trustDomain: 'a b' }],
    ['a version without a patch number', { kubernetesVersion: 'v1.37' }],
    ['a duration without a unit', { certificateValidityPeriod: '8760' }],
    [
      'a node name that is too long',
      { nodes: [{ name: 'a'.repeat(53), addresses: ['10.0.0.1'], role: 'worker' }] },
    ],
    ['a node without addresses', { nodes: [{ name: 'a', addresses: [], role: 'worker' }] }],
    ['an unknown role', { nodes: [{ name: 'a', addresses: ['10.0.0.1'], role: 'master' }] }],
    ['an unknown certificate name', { approvalRequired: ['root'] }],
    ['an unknown key algorithm', { allowedKeys: ['ED25519'] }],
    ['more approvers than allowed', { requiredApprovals: 11 }],
    ['a misspelled limit', { limits: { maxName: 3 } }],
    ['an organization with a line break', { users: { organizations: ['a\nb'] } }],
  ])('the schema of cluster records rejects %s', (_, change) => {
    const hostile = { ...record(), ...change };
    expect(schemaOf('cluster-record').safeParse(hostile).success).toBe(false);
    expect(validatorOf('cluster-record')(hostile)).toBe(false);
  });

  it.each(['1.5h', '+90m', '8760h0m0s', '86400s', '.5h', '1h1m1s1ms1us1ns', '1000000\u00b5s'])(
    'it accepts the duration %s, as Go does',
    (certificateValidityPeriod) => {
      const changed = { ...record(), certificateValidityPeriod };
      expect(schemaOf('cluster-record').safeParse(changed).success).toBe(true);
      expect(validatorOf('cluster-record')(changed)).toBe(true);
    },
  );
});
