/** Dependencies point inwards, and the core knows nothing of the world but what it is given. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOMS = ['lib', 'functions', 'local', 'client', 'infra'];

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

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: Source[] = ROOMS.flatMap(filesOf).map((file) => {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^']+)'/g);
  return { file, text, imports: [...found].map(([, specifier = '']) => specifier) };
});
const core = sources.filter(
  ({ file }) => file.startsWith('lib/') && !ADAPTERS.some((room) => file.startsWith(room)),
);

function filesOf(room: string): string[] {
  try {
    return readdirSync(room, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return []; // a room that is not there yet
  }
}

const roomOf = (path: string) => path.split('/')[0] ?? '';

describe.each(ROOMS)('%s', (room) => {
  it('imports only from rooms further in', () => {
    const allowed = [room, ...(MAY_IMPORT[room] ?? [])];
    const wrong = sources
      .filter(({ file }) => roomOf(file) === room)
      .flatMap(({ file, imports }) =>
        imports
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => normalize(join(dirname(file), specifier)))
          .filter((target) => !allowed.includes(roomOf(target)))
          .map((target) => `${file} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });
});

it('inside client, what a command does knows nothing of the commands', () => {
  const wrong = sources
    .filter(({ file }) => file.startsWith('client/') && INNER.test(file))
    .flatMap(({ file, imports }) =>
      imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(file), specifier)))
        .filter((target) => target.startsWith('client/commands/') || target === 'client/main.ts')
        .map((target) => `${file} imports ${target}`),
    );
  expect(wrong).toEqual([]);
  expect(sources.filter(({ file }) => INNER.test(file)).length).toBeGreaterThan(40);
});
const INNER = /^client\/(?:kubeadm|node|operator|systemd|users)\//;

/** The core's own dependencies; @peculiar/x509 makes CA certificates and nothing on the way of a CSR. */
const CORE_PACKAGES = ['node:crypto', 'node:net', 'zod/mini', '@peculiar/x509', 'reflect-metadata'];

it('the core imports no AWS SDK, no file system, no network', () => {
  const wrong = core.flatMap(({ file, imports }) =>
    imports
      .filter((specifier) => !specifier.startsWith('.') && !CORE_PACKAGES.includes(specifier))
      .map((specifier) => `${file} imports ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

it('the core imports no adapter', () => {
  const wrong = core.flatMap(({ file, imports }) =>
    imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => normalize(join(dirname(file), specifier)))
      .filter((target) => ADAPTERS.some((room) => target.startsWith(room)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
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

it('the way of a CSR does not load @peculiar/x509', () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    const source = sources.find((candidate) => candidate.file === file);
    for (const specifier of source?.imports ?? [])
      if (specifier.startsWith('.')) visit(normalize(join(dirname(file), specifier)));
      else reached.add(specifier);
  };
  visit('functions/sign.ts');
  expect(reached.has('@peculiar/x509')).toBe(false);
  expect(reached.has('lib/issuance/process-request.ts')).toBe(true);
});

it('every room has its files, so that these tests look at something', () => {
  expect(core.length).toBeGreaterThan(30);
});
