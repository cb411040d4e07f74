/** Keeps the documentation true: lists that exist in code and in documentation are equal, and links have targets. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { EXIT } from '../client/exit-codes.ts';
import { clusterRecordSchema } from '../lib/contract/cluster-record.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { METRICS, type Metric } from '../lib/metric-names.ts';
import { VIOLATION_CODES } from '../lib/refusal/violation.ts';
import { CLUSTER_RECORD_FIELDS } from '../lib/schemas/cluster-record-fields.ts';
import { keyTable, objectTable, principalTable } from './docs/access-tables.ts';
import { citedTests, problemOf, shownRows } from './docs/cited-tests.ts';
import { fieldTable } from './docs/field-table.ts';
import { pathTable, probeTable, profileTable } from './docs/profile-table.ts';
import { fieldPaths } from './docs/schema-fields.ts';
import { cakeless } from './support/running-service-command.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

const read = (page: string) => readFileSync(page, 'utf8');

/** The cells in code marks in the first column of a page's tables. */
const firstColumn = (text: string) =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell);

it('shows the profile tables of lib/profiles', () => {
  expect(read('docs/certificate-specification.md')).toContain(`\n${profileTable()}\n`);
  expect(read('docs/certificate-specification.md')).toContain(`\n${probeTable()}\n`);
});

it('shows the paths of lib/contract', () => {
  expect(read('docs/s3-contract.md')).toContain(`\n${pathTable()}\n`);
});

it('shows the tables of lib/access', () => {
  expect(read('docs/security-model.md')).toContain(`\n${objectTable()}\n`);
  expect(read('docs/deployment.md')).toContain(`\n${principalTable()}\n`);
  expect(read('docs/deployment.md')).toContain(`\n${keyTable()}\n`);
});

it('explains every rejection code, and no other', () => {
  const explained = firstColumn(read('docs/rejection-codes.md'));
  expect(explained.sort()).toEqual(Object.keys(VIOLATION_CODES).sort());
});

it('shows the table of fields of lib/schemas, which has every field of the cluster record and no other', () => {
  expect(read('docs/cluster-record.md')).toContain(`\n${fieldTable()}\n`);
  expect(Object.keys(CLUSTER_RECORD_FIELDS).sort()).toEqual(fieldPaths(clusterRecordSchema).sort());
});

it('explains every exit code, and no other', () => {
  const rows = read('docs/command.md').matchAll(/^\| (\d+) \| (\w+) \|/gm);
  const explained = [...rows].map(([, code, name]) => [name, Number(code)]);
  expect(explained).toEqual(Object.entries(EXIT));
});

it('explains every metric with its unit and its function, and no other', () => {
  const rows = read('docs/metrics.md').matchAll(/^\| `(\w+)` \| ([\w-]+) \| ([\w-]+) \|/gm);
  const explained = [...rows].map(([, name, unit, service]) => ({ name, unit, service }));
  const metrics: readonly Metric[] = Object.values(METRICS);
  expect(explained).toEqual(metrics.map(({ name, unit, service }) => ({ name, unit, service })));
});

it('lists every folder of examples/, and no other', () => {
  const listed = [...read('examples/README.md').matchAll(/^\| \[`([\w-]+)\/`\]/gm)];
  const folders = readdirSync('examples', { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  expect(listed.map(([, name]) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
});

it('explains every environment variable of the functions', () => {
  const page = read('docs/command.md');
  expect(Object.values(ENVIRONMENT).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

describe('docs/command.md', () => {
  const sections = read('docs/command.md').split(/^### /m).slice(1);
  const documented = sections.map((section) => {
    const [, words = ''] = /^`cakeless ([a-z -]+?)(?: [<[].*)?`/.exec(section) ?? [];
    return [words, section.split(/^## /m)[0] ?? ''] as const;
  });

  it('describes every command, and no other', async () => {
    const commands = await commandsBelow([]);
    expect(documented.map(([words]) => words).sort()).toEqual(commands.sort());
  });

  it.each(documented)('lists the options of %s, and no others', async (words, section) => {
    const options = [...(await help(...words.split(' '))).matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)];
    const got = firstColumn(section).flatMap((cell) => /^--([\w-]+)/.exec(cell)?.[1] ?? []);
    const wanted = options.map(([, name]) => name).filter((name) => name !== 'help');
    expect(got.sort()).toEqual(wanted.sort());
  });
});

/** The output of `--help`, called in this process, because a process for each command would be slow. */
async function help(...words: string[]): Promise<string> {
  return (await cakeless({}, ...words, '--help')).stdout;
}

/** The commands below a group of commands, at any depth. */
async function commandsBelow(words: readonly string[]): Promise<string[]> {
  const names = commandsOf(await help(...words));
  const below = await Promise.all(names.map((name) => commandsBelow([...words, name])));
  return names.length === 0 ? [words.join(' ')] : below.flat();
}

/** The names below `Commands:`; continued descriptions are indented further. */
function commandsOf(text: string): string[] {
  const [, list = ''] = text.split('\nCommands:\n');
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name = '']) => name);
  return names.filter((name) => name !== 'help');
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page).replace(/^```.*?^```/gms, '');

  it('has no dead links', () => {
    const dead = linksIn(text).filter((link) => !/^https?:/.test(link) && !hasTarget(page, link));
    expect(dead).toEqual([]);
  });

  it('names only files and folders that exist', () => {
    const named = text.matchAll(
      /`((?:lib|functions|client|local|test|docs|infra|bench)\/[\w./-]*)`/g,
    );
    const missing = [...named].map(([, path = '']) => path).filter((path) => !existsSync(path));
    expect(missing).toEqual([]);
  });

  it('cites only tests that exist', () => {
    expect(citedTests(text).flatMap((one) => problemOf(one) ?? [])).toEqual([]);
  });

  it('calls the command cakeless, not npx cakeless, outside the section on the clone', () => {
    const sections = read(page).split(/^## /m);
    const elsewhere = sections.filter(
      (section) => !section.startsWith('Try it by hand, in a clone'),
    );
    expect(elsewhere.filter((section) => section.includes('npx cakeless'))).toEqual(
      page === 'docs/style.md' ? [expect.stringContaining('Only the section of the README')] : [],
    );
  });
});

describe('docs/security-model.md', () => {
  const rows = shownRows(read('docs/security-model.md'));

  it('names a test in each row of what is kept, of the attacks, and of what remains possible', () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter((row) => citedTests(row).length === 0)).toEqual([]);
    expect(rows.filter((row) => /\.test\.ts`(?!: ")/.test(row))).toEqual([]);
  });
});

const linksIn = (text: string) =>
  [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

function hasTarget(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  return [...read(target).matchAll(/^#+ (.+)$/gm)].some(
    ([, heading = '']) => slug(heading) === anchor,
  );
}

/** The anchor that GitHub derives from a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

it('puts every page on the map', () => {
  const links = linksIn(read('docs/README.md')).map((link) =>
    join('docs', link.split('#')[0] ?? ''),
  );
  const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !links.includes(page))).toEqual([]);
});

describe('docs/decisions', () => {
  const list = read('docs/decisions/README.md');
  const decisions = readdirSync('docs/decisions').filter((file) => /^\d{4}-/.test(file));
  const numbers = decisions.map((file) => Number(file.slice(0, 4)));

  it.each(decisions)('%s is in the list with its title and date, and has its sections', (file) => {
    const text = read(join('docs/decisions', file));
    const [, number, title, date] = /^# (\d{4}) (.+)\n\nDate: (\S+)\n/.exec(text) ?? [];
    expect(file).toMatch(new RegExp(`^${number}-`));
    expect(list).toContain(`| ${number} | [${title}](${file}) | ${date} |`);
    const sections = [...text.matchAll(/^## (\w+)/gm)].map(([, name]) => name);
    expect(sections).toEqual(['Context', 'Choice', 'Cost']);
  });

  it('explains every number that was left out', () => {
    const all = Array.from({ length: Math.max(...numbers) }, (_, i) => i + 1);
    const unused = all.filter((number) => !numbers.includes(number));
    const [, explained = ''] = /^Numbers ([\d, and]+) were reserved/m.exec(list) ?? [];
    expect([...explained.matchAll(/\d+/g)].map(Number)).toEqual(unused);
  });
});
