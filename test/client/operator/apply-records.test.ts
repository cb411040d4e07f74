/** `cakeless cluster apply -f PATH` without a name: the records of many clusters, as they are kept in git. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { parse, stringify } from 'yaml';
import { addClusterCommands } from '../../../client/command-line/cluster.ts';
import type { Connection } from '../../../client/connection.ts';
import { Fault } from '../../../lib/fault.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

const top = mkdtempSync(join(tmpdir(), 'cakeless-apply-records-'));
afterAll(() => rmSync(top, { recursive: true }));

let authority: MemoryStore;
let folder: string;
let folders = 0;

beforeEach(async () => {
  ({ authority } = await InMemoryService.open());
  folders += 1;
  folder = join(top, String(folders));
  mkdirSync(folder);
});

const recordOf = (cluster: string, more: object = {}) => ({
  cluster,
  trustDomain: TRUST_DOMAIN,
  kubernetesVersion: 'v1.37.2',
  nodes: [{ name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' }],
  ...more,
});

/** @param content a record, or a text */
function write(file: string, content: object | string): string {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

async function apply(...args: string[]) {
  const said: string[] = [];
  const printed: string[] = [];
  const terminal = {
    print: (line: string) => void printed.push(line),
    progress: (line: string) => void said.push(line.replaceAll(folder, 'F')),
  };
  const program = new Command().exitOverride();
  addClusterCommands(
    program,
    { authority: async () => authority } as unknown as Connection,
    terminal,
  );
  const error = await program
    .parseAsync(['cluster', 'apply', ...args], { from: 'user' })
    .then(() => undefined)
    .catch((reason) => reason);
  return { error, said, printed: printed.map((line) => line.replaceAll(folder, 'F')) };
}

const stored = () => [...authority.objects.keys()].filter((key) => key.startsWith('clusters/'));
const alone = /^warning: trust domain fleet is shared with/;

describe('a folder', () => {
  it('is applied in the order of its files, and once more without a write', async () => {
    write('b.yaml', recordOf('dev', { trustDomain: TRUST_DOMAIN }));
    write('a.yml', recordOf('prod'));
    write('c.json', JSON.stringify(recordOf('test')));
    write('README.md', 'not a record');
    const first = await apply('-f', folder);
    expect(first.error).toBeUndefined();
    expect(first.said.filter((line) => !/warning/.test(line))).toEqual([
      'F/a.yml: cluster prod created',
      'F/b.yaml: cluster dev created',
      'F/c.json: cluster test created',
    ]);
    expect(stored().sort()).toEqual([
      'clusters/dev.json',
      'clusters/prod.json',
      'clusters/test.json',
    ]);
    const before = authority.calls.length;
    const second = await apply('-f', folder);
    expect(second.said).toEqual([
      'F/a.yml: cluster prod unchanged',
      'F/b.yaml: cluster dev unchanged',
      'F/c.json: cluster test unchanged',
    ]);
    const calls = authority.calls.slice(before).map(({ call }) => call);
    expect(calls.filter((call) => call === 'create' || call === 'replace')).toEqual([]);
  });

  it('is applied with one read of each record, and one of the trust domain and the other clusters for all of them', async () => {
    for (const name of ['a', 'b', 'c', 'd']) write(`${name}.yaml`, recordOf(name));
    const { said } = await apply('-f', folder);
    expect(said.filter((line) => alone.test(line.trim()))).toHaveLength(4);
    const keys = authority.calls.filter(({ call }) => call === 'get').map(({ key }) => key);
    expect(keys.filter((key) => key === `trust/${TRUST_DOMAIN}.json`)).toHaveLength(1);
    expect(keys.filter((key) => key === 'clusters/a.json').length).toBeLessThanOrEqual(2);
    expect(authority.calls.filter(({ call }) => call === 'list').length).toBeLessThanOrEqual(2);
  });

  it('is read without hidden files and links to folders, and without the folders below it unless --recursive is given', async () => {
    write('a.yaml', recordOf('a'));
    write('eu/b.yaml', recordOf('b'));
    write('eu/west/c.yaml', recordOf('c'));
    write('.git/d.yaml', recordOf('d'));
    write('.e.yaml', recordOf('e'));
    symlinkSync(folder, join(folder, 'eu', 'circle'));
    await apply('-f', folder);
    expect(stored()).toEqual(['clusters/a.json']);
    const { error } = await apply('-f', folder, '-R');
    expect(error).toBeUndefined();
    expect(stored().sort()).toEqual(['clusters/a.json', 'clusters/b.json', 'clusters/c.json']);
  });

  it('whatever else is in it; a record that is a link leading nowhere is an error', async () => {
    write('a.yaml', recordOf('a'));
    write('README.md', '[');
    mkdirSync(join(folder, 'folder.yaml'));
    symlinkSync(join(folder, 'folder.yaml'), join(folder, 'link.yaml'));
    symlinkSync('/nowhere', join(folder, 'result'));
    expect((await apply('-f', folder)).error).toBeUndefined();
    symlinkSync('/nowhere', join(folder, 'b.yaml'));
    const { error } = await apply('-f', folder);
    expect(error).toMatchObject({ message: `${folder}/b.yaml: no such file or directory` });
  });

  it('names the clusters that have a record and no file, and leaves their records', async () => {
    authority.seed('clusters/legacy.json', '{"misspelled":true}');
    authority.seed('clusters/old.json', JSON.stringify(recordOf('old')));
    write('a.yaml', recordOf('a'));
    const { said } = await apply('-f', folder);
    expect(said.at(-1)).toBe('note: 2 clusters with a record but no file in F: legacy, old');
    expect(stored().sort()).toEqual([
      'clusters/a.json',
      'clusters/legacy.json',
      'clusters/old.json',
    ]);
  });

  it.each<[string, () => void, RegExp[]]>([
    [
      'files that are not records',
      () => {
        write('b.yaml', recordOf('b', { limits: { maxName: 1 } }));
        write('c.yaml', 'a: [');
        write('d.json', '{');
        write('e.yaml', `${stringify(recordOf('e'))}---\n${stringify({ cluster: 'E' })}`);
      },
      [
        /b\.yaml: limits: has unknown fields: maxName$/,
        /c\.yaml: not YAML: /,
        /d\.json: not JSON: /,
        /e\.yaml: document 2: cluster: must be/,
      ],
    ],
    [
      'two records of one cluster',
      () => write('b.yaml', recordOf('a')),
      [/^cluster a: has 2 records: .*\/a\.yaml, .*\/b\.yaml$/],
    ],
  ])('with %s is not applied at all, and every problem is named', async (_, spoil, problems) => {
    write('a.yaml', recordOf('a'));
    spoil();
    const { error, said } = await apply('-f', folder);
    expect(error).toMatchObject({ code: 'usage' });
    const [heading, ...lines] = error.lines as string[];
    expect(heading).toMatch(/nothing was applied:$/);
    for (const problem of problems) expect(lines).toContainEqual(expect.stringMatching(problem));
    expect([said, stored()]).toEqual([[], []]);
  });

  it('without a record is an error', async () => {
    write('eu/b.yaml', recordOf('b'));
    const { error } = await apply('-f', folder);
    expect(error).toMatchObject({
      code: 'usage',
      message: `${folder}: contains no file that ends in .yaml, .yml, .json`,
      hint: 'use --recursive to read the folders below it, too',
    });
  });
});

describe('a record that cannot be applied', () => {
  it.each([
    ['does not exist', 'usage', () => undefined, /trust domain (?:missing|other): does not exist$/],
    [
      'cannot be read',
      'failure',
      () => {
        authority.seed('trust/missing.json', '{"misspelled":true}');
        authority.seed('trust/other.json', '{');
      },
      /trust\/(?:missing|other)\.json/,
    ],
  ])(
    'because its trust domain %s stops all, before the first is written',
    async (_, code, seed, why) => {
      seed();
      write('a.yaml', recordOf('a'));
      write('b.yaml', recordOf('b', { trustDomain: 'missing' }));
      write('c.yaml', recordOf('c', { trustDomain: 'missing' }));
      write('d.yaml', recordOf('d', { trustDomain: 'other' }));
      for (const options of [[], ['--dry-run']]) {
        const before = authority.calls.length;
        const { error, said, printed } = await apply('-f', folder, ...options);
        expect(error).toMatchObject({
          code,
          lines: [
            'nothing was applied, because of:',
            expect.stringMatching(/\/b\.yaml: cluster b: /),
            expect.stringMatching(/\/c\.yaml: cluster c: /),
            expect.stringMatching(/\/d\.yaml: cluster d: /),
          ],
        });
        for (const line of error.lines.slice(1)) expect(line).toMatch(why);
        expect([said, printed, stored()]).toEqual([[], [], []]);
        const calls = authority.calls.slice(before).map(({ call, key }) => `${call} ${key}`);
        expect(calls.sort()).toEqual([
          `get trust/${TRUST_DOMAIN}.json`,
          'get trust/missing.json',
          'get trust/other.json',
        ]);
      }
    },
  );

  it('because its trust domain does not exist names the command that creates it', async () => {
    write('a.yaml', recordOf('a', { trustDomain: 'missing' }));
    expect((await apply('-f', folder)).error).toMatchObject({
      hint: expect.stringContaining('cakeless trust-domain create missing'),
    });
  });

  it('because someone else changed it keeps their change, does not stop the others, and is named at the end', async () => {
    write('a.yaml', recordOf('a'));
    write('b.yaml', recordOf('b'));
    authority.interrupt = (point) => {
      if (point !== 'before create') return;
      authority.interrupt = () => undefined;
      authority.seed('clusters/a.json', '{"theirs":true}');
    };
    const { error, said } = await apply('-f', folder);
    const why = expect.stringMatching(/cluster a: someone else created the record/);
    expect(error).toMatchObject({
      code: 'conflict',
      lines: ['1 of 2 records not applied:', why],
    });
    expect(said.filter((line) => !/^ *warning/.test(line))).toEqual([
      expect.stringMatching(/^F\/a\.yaml: cluster a not applied: /),
      'F/b.yaml: cluster b created',
    ]);
    expect(authority.text('clusters/a.json')).toBe('{"theirs":true}');
    expect(authority.json('clusters/b.json')).toMatchObject({ cluster: 'b' });
    expect((await apply('-f', folder)).error).toBeUndefined();
  });

  it('because AWS cannot be reached stops the command, which reports what was applied', async () => {
    for (let i = 10; i < 60; i += 1) write(`${i}.yaml`, recordOf(`c${i}`));
    const get = authority.get.bind(authority);
    authority.get = async (key, maxBytes) => {
      if (key === 'clusters/c15.json') throw new Fault('unavailable', 'S3 did not respond');
      return get(key, maxBytes);
    };
    const { error, said } = await apply('-f', folder);
    expect(error).toMatchObject({ code: 'unavailable' });
    const done = said.filter((line) => /created/.test(line)).length;
    expect(done).toBe(stored().length);
    expect(done).toBeLessThan(40);
  });
});

describe('a file', () => {
  it('with several YAML documents is applied like a folder; a document that is only comments is skipped', async () => {
    const text = `# fleet\n---\n${stringify(recordOf('a'))}---\n# nothing\n---\n${stringify(recordOf('b'))}`;
    const { error, said } = await apply('-f', write('fleet.yaml', text));
    expect(error).toBeUndefined();
    expect(said.filter((line) => !/warning/.test(line))).toEqual([
      'F/fleet.yaml: cluster a created',
      'F/fleet.yaml: cluster b created',
    ]);
  });

  it('with $schema is accepted, and stored without it and in the order of the schema', async () => {
    const { nodes, kubernetesVersion, ...rest } = recordOf('a');
    const file = write(
      'a.json',
      JSON.stringify({ $schema: '../x.json', nodes, ...rest, kubernetesVersion }),
    );
    expect((await apply('-f', file)).error).toBeUndefined();
    expect(authority.text('clusters/a.json')).toBe(`${JSON.stringify(recordOf('a'), null, 2)}\n`);
    expect((await apply('a', '-f', file)).said).toEqual(['cluster a unchanged']);
  });

  it.each([
    [['-f', 'F/missing.yaml'], /missing\.yaml: no such file or directory$/],
    [['--kubeadm-config', 'x'], /^specify the cluster, or record files with -f PATH$/],
    [['-f', 'F', '--worker', 'w=10.0.0.1'], /^with -f, specify everything in the record file$/],
    [['a', '-f', 'F', '-R'], /^--recursive is for a folder; leave out the cluster$/],
    [['a', '-f', 'F'], /: is a directory$/],
  ])('%j is refused', async (args, message) => {
    const { error } = await apply(...args.map((arg) => arg.replace('F', folder)));
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  });
});

describe('--dry-run', () => {
  beforeEach(() => {
    authority.seed('clusters/a.json', JSON.stringify(recordOf('a', { requiredApprovals: 2 })));
    authority.seed('clusters/b.json', JSON.stringify(recordOf('b')));
    write('a.yaml', recordOf('a', { kubernetesVersion: 'v1.37.3' }));
    write('b.yaml', recordOf('b'));
    write('c.yaml', recordOf('c'));
  });

  it('prints a unified diff of each record that would change, names what needs attention, and writes nothing', async () => {
    const before = authority.text('clusters/a.json');
    const { error, said, printed } = await apply('-f', folder, '--dry-run');
    expect(error).toBeUndefined();
    expect(printed.slice(0, 17)).toEqual([
      '--- clusters/a.json',
      '+++ F/a.yaml',
      '@@ -1,9 +1,8 @@',
      ' cluster: a',
      ' trustDomain: fleet',
      '-kubernetesVersion: v1.37.2',
      '+kubernetesVersion: v1.37.3',
      ' nodes:',
      '   - name: cp-1',
      '     addresses:',
      '       - 10.0.0.1',
      '     role: control-plane',
      '-requiredApprovals: 2',
      '--- /dev/null',
      '+++ F/c.yaml',
      '@@ -0,0 +1,8 @@',
      '+cluster: c',
    ]);
    expect(said.filter((line) => !alone.test(line.trim()))).toEqual([
      'F/a.yaml: cluster a configured: changed kubernetesVersion; removed requiredApprovals (dry run)',
      '  warning: fewer approvals are required: requiredApprovals is 1, and was 2',
      'F/b.yaml: cluster b unchanged (dry run)',
      'F/c.yaml: cluster c created (dry run)',
    ]);
    expect([authority.text('clusters/a.json'), stored()]).toEqual([
      before,
      ['clusters/a.json', 'clusters/b.json'],
    ]);
  });

  it.each([
    ['json', (text: string) => JSON.parse(text)],
    ['yaml', (text: string) => parse(text)],
  ])('with -o %s prints one document with every result', async (format, read) => {
    const { printed } = await apply('-f', folder, '--dry-run', '-o', format);
    const { records, withoutFile } = read(printed.join('\n'));
    expect(withoutFile).toEqual([]);
    expect(
      records.map((result: Record<string, unknown>) => [result.cluster, result.change]),
    ).toEqual([
      ['a', 'configured'],
      ['b', 'unchanged'],
      ['c', 'created'],
    ]);
    expect(records[0]).toMatchObject({
      file: 'F/a.yaml',
      difference: ['~ kubernetesVersion: "v1.37.2" is now "v1.37.3"', '- requiredApprovals: 2'],
      document: recordOf('a', { kubernetesVersion: 'v1.37.3' }),
    });
  });
});
