/** Writes the JSON Schema of cakeless.config.json into dist/schemas. An argument names another folder. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '../lib/schemas/json-schema.ts';
import { formatDocument } from '../lib/store/documents.ts';
import { deploymentDocument } from './config-schema.ts';

const [folder = 'dist/schemas'] = process.argv.slice(2);
const document = deploymentDocument(readFileSync('docs/deployment.md', 'utf8'));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, `${document.name}.json`), formatDocument(toJsonSchema(document)));
