/**
 * Writes the hostile files and `expected.json`. Run by hand: `npx tsx test/hostile/make.ts`, then
 * `npm run format`.
 *
 * To add a case, add an entry in one of `cases/*.ts`. Existing files are not changed, so that a change to the builder
 * cannot change what is tested; to make a file again, delete it. ECDSA signatures differ each time.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encodings } from './cases/encodings.ts';
import type { HostileCases } from './cases/good.ts';
import { keys } from './cases/keys.ts';
import { names } from './cases/names.ts';
import { pem } from './cases/pem.ts';
import { privateKeys } from './cases/private-keys.ts';
import { signatures } from './cases/signatures.ts';
import { subjects } from './cases/subjects.ts';

const FOLDER = resolve('test', 'hostile');
const GROUPS: Record<string, { cases: HostileCases; ending: string }> = {
  names: { cases: names, ending: 'der' },
  subjects: { cases: subjects, ending: 'der' },
  encodings: { cases: encodings, ending: 'der' },
  keys: { cases: keys, ending: 'der' },
  signatures: { cases: signatures, ending: 'der' },
  pem: { cases: pem, ending: 'csr' },
  'private-keys': { cases: privateKeys, ending: 'txt' },
};

const fileName = (sentence: string) =>
  sentence
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const expected: Record<string, { at: string; codes: readonly string[] }> = {};
for (const [group, { cases, ending }] of Object.entries(GROUPS)) {
  mkdirSync(join(FOLDER, 'files', group), { recursive: true });
  for (const [sentence, { at, codes, bytes }] of Object.entries(cases)) {
    const file = `${group}/${fileName(sentence)}.${ending}`;
    if (file in expected) throw new Error(`two cases have the file name ${file}`);
    expected[file] = { at, codes: [...codes].sort() };
    const path = join(FOLDER, 'files', file);
    if (!existsSync(path)) writeFileSync(path, bytes);
  }
  for (const file of readdirSync(join(FOLDER, 'files', group)))
    if (!(`${group}/${file}` in expected)) rmSync(join(FOLDER, 'files', group, file));
}
writeFileSync(join(FOLDER, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
