// Writes the licenses of the packages that are part of what is published, as listed in esbuild's metadata:
//   node release/notices.mjs [dist/meta] [dist/THIRD-PARTY-NOTICES]
// Fails if a package has a license that is not on the list.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Licenses (SPDX identifiers) of packages that an Apache-2.0 program may contain if it includes the license texts. */
export const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
];

const PERMISSION = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so`;

const WARRANTY = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** For packages that name their license, but do not contain its text. */
const TEXTS = {
  'Apache-2.0': () => readFileSync('LICENSE', 'utf8'),
  MIT: () => `${PERMISSION}, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

${WARRANTY}`,
  'MIT-0': () => `${PERMISSION}.

${WARRANTY}`,
};

/**
 * The folders of the packages of which anything is left in the outputs.
 * @param metafiles as esbuild returns them
 */
export function bundledPackages(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) =>
        bytesInOutput > 0 ? [input] : [],
      ),
    ),
  );
  const folders = inputs.flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  );
  return [...new Set(folders)].sort();
}

/** @throws Error if the license of a package is not on the list */
export function noticesOf(folders) {
  const packages = folders.map(readPackage);
  const refused = packages.filter(({ license }) => !ALLOWED.includes(license));
  if (refused.length > 0)
    throw new Error(
      `packages with licenses that are not on the list in release/notices.mjs: ${refused.map(({ title, license }) => `${title} (${license})`).join(', ')}`,
    );
  const byText = new Map();
  for (const { title, license, text } of packages) {
    const heading = `${title} (${license})`;
    const headings = byText.get(text) ?? new Set();
    byText.set(text, headings.add(heading));
  }
  const sections = [...byText].map(
    ([text, headings]) => `${[...headings].join('\n')}\n\n${text}\n`,
  );
  return `Cakeless contains these packages, under their own licenses.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function readPackage(folder) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice|copyright)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const has = texts.length > 0;
  const text = has ? texts.join('\n\n') : `${copyrightOf(folder, author)}\n\n${TEXTS[license]?.()}`;
  return { title: `${name} ${version}`, license, text: text.replaceAll('\r', '').trim() };
}

/** The copyright line of the README, or the author. */
function copyrightOf(folder, author) {
  const readme = readdirSync(folder).find((file) => /^readme/i.test(file));
  const text = readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8');
  const [line] = /copyright \(c\).*/i.exec(text) ?? [];
  return line?.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1') ?? `Copyright (c) ${author?.name ?? author}`;
}

/** All metadata in a folder. */
export function readMetafiles(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [meta = 'dist/meta', out = 'dist/THIRD-PARTY-NOTICES'] = process.argv.slice(2);
  const folders = bundledPackages(readMetafiles(meta));
  writeFileSync(out, noticesOf(folders));
  console.log(`${out}  ${folders.length} packages`);
}
