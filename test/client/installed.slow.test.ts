/** The installed form: what each command loads, and what happens if a part of it is missing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VERSION } from '../../client/version.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

interface Output {
  readonly bytes: number;
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

const out = mkdtempSync(join(tmpdir(), 'cakeless-installed-'));
const chunks = join(out, 'bundle', 'chunks');
let outputs: Readonly<Record<string, Output>> = {};

beforeAll(() => {
  const env = { ...process.env, CAKELESS_COMMIT: COMMIT };
  execFileSync(process.execPath, ['client/bundle.mjs', out], { env });
  const metadata = JSON.parse(readFileSync(join(out, 'meta', 'client.json'), 'utf8'));
  // in an absolute folder, paths of outputs are relative to the repository
  outputs = metadata.outputs;
});
afterAll(() => rmSync(out, { recursive: true }));

function run(...args: string[]) {
  const command = ['--', join(out, 'bundle', 'cakeless.mjs'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What is loaded together with a source file that has its own chunk. */
function loadedWith(entryPoint: string) {
  const start = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === entryPoint);
  if (start === undefined) throw new Error(`${entryPoint} has no chunk`);
  const loaded = new Map<string, Output>();
  const load = (path: string) => {
    const output = outputs[path];
    if (!output || loaded.has(path)) return;
    loaded.set(path, output);
    for (const { path: next, kind } of output.imports) if (kind === 'import-statement') load(next);
  };
  load(start);
  const all = [...loaded.values()];
  const inputs = all.flatMap((output) => Object.keys(output.inputs));
  const names = inputs.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  const later = all.flatMap((output) =>
    output.imports.filter(({ kind }) => kind === 'dynamic-import'),
  );
  return {
    kilobytes: all.reduce((sum, { bytes }) => sum + bytes, 0) / 1024,
    packages: [...new Set(names.filter((name) => name !== undefined))].sort(),
    later: later.map(({ path }) => outputs[path]?.entryPoint ?? path),
  };
}

it('--help and --version load commander, and the table of character widths', () => {
  const { kilobytes, packages } = loadedWith('client/run.ts');
  expect(packages).toEqual(['commander', 'get-east-asian-width']);
  expect(kilobytes).toBeLessThan(110);
});

it('check-expiration loads no AWS SDK and no @peculiar/x509', () => {
  const { kilobytes, packages } = loadedWith('client/commands/check-expiration.ts');
  expect(packages).toEqual(['get-east-asian-width', 'yaml', 'zod']);
  expect(kilobytes).toBeLessThan(292);
});

it.each(readdirSync('client/command-line').filter((file) => existsAsCommand(file)))(
  'once the code of %s is loaded, it loads nothing more than the AWS SDK',
  (file) => {
    const { packages, later } = loadedWith(`client/commands/${file}`);
    expect(packages.filter((name) => /^@(?:aws-sdk|smithy)\//.test(name))).toEqual([]);
    expect(later.filter((path) => !/^lib\/aws\/|@aws-sdk\//.test(path))).toEqual([]);
  },
);

function existsAsCommand(file: string): boolean {
  return file !== 'local.ts' && readdirSync('client/commands').includes(file);
}

it('every chunk can be loaded', () => {
  const imports = readdirSync(chunks).map((file) => pathToFileURL(join(chunks, file)).href);
  const script = `for (const url of ${JSON.stringify(imports)}) await import(url);`;
  const args = ['--input-type=module', '-e', script];
  expect(spawnSync(process.execPath, args, { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

it('names the commit of its sources', () => {
  expect(run('--version')).toEqual({ status: 0, stdout: `${VERSION} (0123456)\n`, stderr: '' });
  const built = JSON.parse(readFileSync(join(out, 'bundle', 'build.json'), 'utf8'));
  expect(built).toEqual({
    version: VERSION,
    commit: COMMIT,
    sources: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it('does not offer cakeless local', () => {
  expect(run('--help').stdout).not.toMatch(/^ {2}local/m);
  expect(run('local')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('local: not available in this form of the client'),
  });
});

it.each(['run', 'check-expiration'])('reports that the chunk of %s is missing', (name) => {
  const file = readdirSync(chunks).find((chunk) => new RegExp(`^${name}\\b`).test(chunk)) ?? '';
  renameSync(join(chunks, file), join(out, 'elsewhere'));
  const refused = run('check-expiration', '--kubeconfig-dir', out);
  renameSync(join(out, 'elsewhere'), join(chunks, file));
  expect(refused).toEqual({
    status: 1,
    stdout: '',
    stderr: `cakeless: the installation is incomplete: ${join(chunks, file)} is missing
cakeless: hint: install cakeless again; if a package manager is replacing it, retry
`,
  });
});
