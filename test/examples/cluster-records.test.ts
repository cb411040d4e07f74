/** The records of examples/cluster-records are valid, and its workflow uses the roles that the README describes. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import { BUCKET_DOCUMENTS } from '../../lib/schemas/documents.ts';
import { toJsonSchema } from '../../lib/schemas/json-schema.ts';
import { readWorkflow } from './workflow.ts';

const EXAMPLE = 'examples/cluster-records';
const workflow = readWorkflow(`${EXAMPLE}/.github/workflows/cluster-records.yaml`);
const schemas = BUCKET_DOCUMENTS.filter(({ name }) => name === 'cluster-record').map(toJsonSchema);

it.each(readdirSync(`${EXAMPLE}/clusters`))(
  '%s is a valid cluster record, in a file with its name',
  (file) => {
    const text = readFileSync(`${EXAMPLE}/clusters/${file}`, 'utf8');
    const { record, problems } = parseClusterRecord(parse(text));
    expect(problems).toEqual([]);
    expect(`${record?.cluster}.yaml`).toBe(file);
    expect(schemas.map((schema) => new Ajv2020().validate(schema, parse(text)))).toEqual([true]);
  },
);

it('the preview has a role that only reads, and only the main branch is applied', () => {
  const { preview, apply } = workflow.jobs;
  const rolesOf = (steps: typeof preview) =>
    steps?.steps.flatMap(
      (step) => /vars\.(\w+)/.exec(String(step.with?.['role-to-assume']))?.[1] ?? [],
    );
  expect(rolesOf(preview)).toEqual(['PREVIEW_ROLE', 'AUDITORS_ROLE']);
  expect(rolesOf(apply)).toEqual(['APPLY_ROLE', 'OPERATORS_ROLE']);
  expect(preview?.if).toBe("github.event_name == 'pull_request'");
  expect(apply?.if).toBe("github.event_name != 'pull_request' && github.ref == 'refs/heads/main'");
  expect(workflow.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(workflow.defaults.run.shell).toBe('bash');
});
