/** Writes the JSON Schemas that `cakeless schema` prints into dist/schemas. An argument names another folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '../lib/schemas/json-schema.ts';
import { formatDocument } from '../lib/store/documents.ts';
import { DOCUMENTS } from './schemas/documents.ts';

const [folder = 'dist/schemas'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const document of DOCUMENTS)
  writeFileSync(join(folder, `${document.name}.json`), formatDocument(toJsonSchema(document)));
console.log(`${folder}  ${DOCUMENTS.length} JSON Schemas`);
