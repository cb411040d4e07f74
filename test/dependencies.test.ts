/** What package.json and the lockfile promise about dependencies (docs/decisions/0002). */
import { readFileSync } from 'node:fs';
import { admits } from './support/engine-range.ts';
import { readSources } from './support/imports.ts';

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const lockText = readFileSync('package-lock.json', 'utf8');
const lock: { readonly packages: Record<string, Locked> } = JSON.parse(lockText);
const installed = Object.entries(lock.packages).filter(([folder]) => folder !== '');
const shipped = installed.filter(([, { dev }]) => !dev);

/** The oldest release of Node.js that package.json allows. */
const LOWEST = `${manifest.engines.node.replace('>=', '')}.0`;

it('the lockfile has the packages that package.json names', () => {
  expect(installed.length).toBeGreaterThan(300);
  expect(shipped.length).toBeGreaterThan(50);
  expect(LOWEST).toBe('20.19.0');
});

it('every installed package supports the oldest supported Node.js', () => {
  const excluding = installed.filter(([, { engines }]) => !admits(engines?.node ?? '*', LOWEST));
  expect(excluding.map(([folder, { engines }]) => `${folder}: ${engines?.node}`)).toEqual([]);
});

it.each([
  ['*', true],
  ['>=20', true],
  ['>= 20.19.0', true],
  ['>=20.19.1', false],
  ['>=22', false],
  ['^18.14.0 || ^20.0.0', true],
  ['^20.20.0 || >=24', false],
  ['20 || >=22', true],
  ['14 || >=16.0.0 <20', false],
  ['18.x || 20.*', true],
])('a range of %s admits 20.19.0: %s', (range, expected) => {
  expect(admits(range, '20.19.0')).toBe(expected);
});

it('the lockfile names no registry', () => {
  expect(lockText).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
});

it.each(['dependencies', 'devDependencies'])(
  'a version in %s is exact only where 0002 has a reason',
  (kind) => {
    const text = readFileSync('docs/decisions/0002-dependencies.md', 'utf8');
    const [, exactly = ''] = /\n### Exact versions\n(.*?)\n## /s.exec(text) ?? [];
    const wrong = Object.entries<string>(manifest[kind]).filter(
      ([name, version]) => !version.startsWith('^') && !exactly.includes(name),
    );
    expect(wrong).toEqual([]);
  },
);

it('the licenses of what may be published are on the list', () => {
  const list = readFileSync('release/notices.mjs', 'utf8');
  const [, names = ''] = /ALLOWED = \[([^\]]*)\]/.exec(list) ?? [];
  const allowed = [...names.matchAll(/'([^']+)'/g)].map(([, name]) => name);
  expect(allowed).toContain('Apache-2.0');
  const others = shipped.filter(([, { license }]) => !allowed.includes(license ?? ''));
  expect(others.map(([folder, { license }]) => `${folder}: ${license}`)).toEqual([]);
});

/** What runs only in a clone: it loads TypeScript with tsx, or bundles with esbuild. */
const IN_A_CLONE = /^client\/(?:[^/]+\.mjs|demo\/.*)$|^functions\/[^/]+\.mjs$/;

it('what is published imports only dependencies, and no development dependencies', () => {
  const published = readSources('lib', 'functions', 'client', 'local').filter(
    ({ file }) => !IN_A_CLONE.test(file),
  );
  const wrong = published.flatMap(({ file, packages, text }) =>
    packages
      .filter((name) => !name.startsWith('node:') && !isTypesOnly(name, text))
      .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
      .filter((name) => !(name in manifest.dependencies))
      .map((name) => `${file} imports ${name}`),
  );
  expect(published.length).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});

function isTypesOnly(name: string, text: string): boolean {
  return !new RegExp(`import (?!type )[^;]*from '${name}'|import\\('${name}'`).test(text);
}
