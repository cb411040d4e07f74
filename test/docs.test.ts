/** The documentation says what the code does: lists that stand in both are equal, and links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { EXIT } from '../client/exit-codes.ts';
import { clusterRecordSchema } from '../lib/cluster/record-schema.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { METRICS } from '../lib/metric-names.ts';
import { VIOLATION_CODES } from '../lib/refusal/violation.ts';
import { pathTable, profileTable } from './docs/profile-table.ts';
import { fieldPaths } from './docs/schema-fields.ts';
import { cakeless } from './support/running-service-command.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

const read = (page: string) => readFileSync(page, 'utf8');

/** What stands in code marks in the first column of a page's tables. */
const firstColumn = (text: string) =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell);

it('the profile table is the one of lib/profiles', () => {
  expect(read('docs/certificate-specification.md')).toContain(`\n${profileTable()}\n`);
});

it('the table of paths is the one of lib/csr', () => {
  expect(read('docs/s3-contract.md')).toContain(`\n${pathTable()}\n`);
});

it('every rejection code is explained, and no other', () => {
  const explained = firstColumn(read('docs/rejection-codes.md'));
  expect(explained.sort()).toEqual(Object.keys(VIOLATION_CODES).sort());
});

it('every field of the cluster record is explained, and no other', () => {
  const explained = firstColumn(read('docs/cluster-record.md'));
  expect(explained.sort()).toEqual(fieldPaths(clusterRecordSchema).sort());
});

it('every exit code is explained, and no other', () => {
  const rows = read('docs/command.md').matchAll(/^\| (\d+) \| (\w+) \|/gm);
  const explained = [...rows].map(([, code, name]) => [name, Number(code)]);
  expect(explained).toEqual(Object.entries(EXIT));
});

it('every metric is explained with its unit and its function, and no other', () => {
  const rows = read('docs/metrics.md').matchAll(/^\| `(\w+)` \| ([\w-]+) \| ([\w-]+) \|/gm);
  const explained = [...rows].map(([, name, unit, service]) => ({ name, unit, service }));
  expect(explained).toEqual(Object.values(METRICS));
});

it('every environment name of the functions is explained', () => {
  const page = read('docs/command.md');
  expect(Object.values(ENVIRONMENT).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

describe('docs/command.md', () => {
  const sections = read('docs/command.md').split(/^### /m).slice(1);
  const documented = sections.map((section) => {
    const [, words = ''] = /^`cakeless ([a-z -]+?)(?: [<[].*)?`/.exec(section) ?? [];
    return [words, section.split(/^## /m)[0] ?? ''] as const;
  });

  it('names every command, and no other', async () => {
    const commands: string[] = [];
    for (const name of commandsOf(await help())) {
      const inner = commandsOf(await help(name));
      commands.push(...(inner.length === 0 ? [name] : inner.map((below) => `${name} ${below}`)));
    }
    expect(documented.map(([words]) => words).sort()).toEqual(commands.sort());
  });

  it.each(documented)('%s has its options, and no others', async (words, section) => {
    const options = [...(await help(...words.split(' '))).matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)];
    const got = firstColumn(section).map((cell) => /^--([\w-]+)/.exec(cell)?.[1]);
    const wanted = options.map(([, name]) => name).filter((name) => name !== 'help');
    expect(got.sort()).toEqual(wanted.sort());
  });
});

/** What `--help` prints, in this process: a process for each command would take long. */
async function help(...words: string[]): Promise<string> {
  return (await cakeless({}, ...words, '--help')).stdout;
}

/** The lines of `Commands:`; descriptions that go on stand further in. */
function commandsOf(text: string): string[] {
  const [, list = ''] = text.split('\nCommands:\n');
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name);
  return names.filter((name) => name !== 'help');
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page).replace(/^```.*?^```/gms, '');

  it('has no dead links', () => {
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const dead = links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(page, link));
    expect(dead).toEqual([]);
  });

  it('names only files and folders that exist', () => {
    const named = text.matchAll(/`((?:lib|functions|client|local|test|docs|infra)\/[\w./-]*)`/g);
    const missing = [...named].map(([, path = '']) => path).filter((path) => !existsSync(path));
    expect(missing).toEqual([]);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  return [...read(target).matchAll(/^#+ (.+)$/gm)].some(
    ([, heading = '']) => slug(heading) === anchor,
  );
}

/** As GitHub makes anchors of headings. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

it('every decision is listed, and has its parts', () => {
  const list = read('docs/decisions/README.md');
  const decisions = readdirSync('docs/decisions').filter((file) => /^\d{4}-/.test(file));
  expect(decisions.length).toBeGreaterThan(0);
  for (const file of decisions) {
    expect(list).toContain(`(${file})`);
    const parts = [...read(join('docs/decisions', file)).matchAll(/^## (\w+)/gm)].map((m) => m[1]);
    expect(parts).toEqual(['Context', 'Choice', 'Cost']);
  }
});
