/** Dependencies point inwards, and the core uses nothing from outside that it is not given. */
import { readSources, type Source } from './support/imports.ts';

/** What each room may import from, beside itself. `client` puts the pieces together for `cakeless local`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  lib: [],
  functions: ['lib'],
  local: ['lib'],
  client: ['lib', 'functions', 'local'],
  infra: ['lib', 'functions'],
};

/** The rooms inside lib that talk to the outside; everything else there is the pure core. */
const ADAPTERS = ['lib/aws/', 'lib/files/'];

const sources = readSources(...Object.keys(MAY_IMPORT));
const core = sources.filter(
  ({ file }) => file.startsWith('lib/') && !ADAPTERS.some((room) => file.startsWith(room)),
);

const roomOf = (file: string) => file.split('/')[0] ?? '';

it.each(Object.entries(MAY_IMPORT))('%s imports only from rooms further in', (room, others) => {
  const own = sources.filter(({ file }) => roomOf(file) === room);
  expect(own.length).toBeGreaterThan(0);
  expect(imports(own, (target) => ![room, ...others].includes(roomOf(target)))).toEqual([]);
});

it('inside client, what a command does imports nothing from the commands', () => {
  const inner = sources.filter(({ file }) => INNER.test(file));
  expect(inner.length).toBeGreaterThan(40);
  const isAbove = (target: string) => /^client\/(?:commands\/|main\.ts$)/.test(target);
  expect(imports(inner, isAbove)).toEqual([]);
});
const INNER = /^client\/(?:kubeadm|node|operator|systemd|users)\//;

/** The core's own dependencies; @peculiar/x509 makes CA certificates, and reads no CSR. */
const CORE_PACKAGES = ['node:crypto', 'node:net', 'zod/mini', '@peculiar/x509', 'reflect-metadata'];

it('the core imports no AWS SDK, no file system, no network', () => {
  const wrong = core.flatMap(({ file, packages }) =>
    packages
      .filter((name) => !CORE_PACKAGES.includes(name))
      .map((name) => `${file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

it('the core imports no adapter', () => {
  expect(imports(core, (target) => ADAPTERS.some((room) => target.startsWith(room)))).toEqual([]);
});

it.each([
  ['the clock', /\bDate\.now\(|new Date\(\)|performance\.now/],
  ['randomness', /\brandom(?:Bytes|UUID|Int|FillSync)\s*\(|Math\.random|getRandomValues/],
  ['the environment', /\bprocess\.(?:env|argv|cwd|exit)/],
  ['the console', /\bconsole\./],
  ['timers', /\bset(?:Timeout|Interval|Immediate)\(/],
])('the core does not reach for %s', (_, pattern) => {
  // a port that is called randomBytes is passed in as service.randomBytes, or as a parameter of that name
  const wrong = core
    .filter(({ text }) =>
      pattern.test(text.replace(/(?:service\.|=> )?\brandomBytes(?=\()/g, 'passedIn')),
    )
    .map(({ file }) => file);
  expect(wrong).toEqual([]);
});

it('the core takes nothing random from node:crypto', () => {
  const taken = core.filter(({ text }) =>
    /import \{[^}]*\brandom[^}]*\} from 'node:crypto'/s.test(text),
  );
  expect(taken.map(({ file }) => file)).toEqual([]);
});

it('the sign function does not load @peculiar/x509', () => {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    for (const name of byFile.get(file)?.packages ?? []) packages.add(name);
    for (const target of byFile.get(file)?.files ?? []) visit(target);
  };
  visit('functions/sign.ts');
  expect([...packages]).not.toContain('@peculiar/x509');
  expect([...files]).toContain('lib/issuance/process-request.ts');
});

it('finds the files of the core', () => {
  expect(core.length).toBeGreaterThan(30);
});

/** The imports of the sources whose target `isWrong`. */
function imports(from: readonly Source[], isWrong: (target: string) => boolean): string[] {
  return from.flatMap(({ file, files }) =>
    files.filter(isWrong).map((target) => `${file} imports ${target}`),
  );
}
