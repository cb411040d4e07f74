/** The JSON Schema of cakeless.config.json. What the fields mean is in the table of docs/deployment.md. */
import { describeWith } from '../lib/schemas/describe.ts';
import type { DescribedDocument } from '../lib/schemas/json-schema.ts';
import { configSchema } from './config.ts';

/** @param page the text of docs/deployment.md */
export function deploymentDocument(page: string): DescribedDocument {
  const [, table = ''] = /<!-- config:(.*)<!-- end of config -->/s.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)];
  const fields = Object.fromEntries(rows.map(([, path = '', meaning = '']) => [path, meaning]));
  return {
    name: 'deployment',
    title: 'the configuration of a deployment, cakeless.config.json',
    schema: configSchema,
    unknownFields: 'refused',
    describe: describeWith(fields),
  };
}
