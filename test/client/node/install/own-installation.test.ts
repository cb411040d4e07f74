/**
 * A node's folder is copied, moved, or restored on another machine, with the journals of its installations in it: neither a
 * rollback nor a run that resumes may change a file of the original.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeFile, changeLink } from '../../../../client/node/disk/file-change.ts';
import type { NodeFolders } from '../../../../client/node/disk/places.ts';
import {
  applyInstallation,
  prepareInstallation,
} from '../../../../client/node/install/installation.ts';
import {
  type Journal,
  listInstallations,
  record,
} from '../../../../client/node/install/journal.ts';
import { ownInstallation } from '../../../../client/node/install/own-installation.ts';
import { recover } from '../../../../client/node/renewal/recover.ts';
import { rollBack } from '../../../../client/node/rollback/rollback.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cakeless-own-')));
});
afterEach(() => rmSync(root, { recursive: true }));

const PEM = 'kubelet-client-current.pem';
const at = (...names: string[]) => join(root, ...names);
const read = (path: string) => readFileSync(path, 'utf8');
const foldersOf = (name: string, more: Partial<NodeFolders> = {}): NodeFolders => ({
  kubeconfigDir: at(name),
  certDir: at(name, 'pki'),
  ...more,
});
const original = (more: Partial<NodeFolders> = {}) => foldersOf('original', more);

/** Everything below a folder, by its path. */
function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [join(parentPath, name), read(join(parentPath, name))]),
  );
}

/** A pair in pki, a kubeconfig, and optionally files elsewhere; `new` is installed over `old`. */
async function install(folders = original(), others: readonly string[] = []): Promise<void> {
  const files = [
    ...['etcd/peer.crt', 'etcd/peer.key'].map((name) => join(folders.certDir, name)),
    join(folders.kubeconfigDir, 'admin.conf'),
    ...others,
  ];
  for (const file of files) {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, 'old');
  }
  const changes = files.map((file) =>
    changeFile(file, 'new', { holdsKey: true, together: file.includes('peer') }),
  );
  if (folders.kubeletDir !== undefined) {
    const link = join(folders.kubeletDir, PEM);
    mkdirSync(folders.kubeletDir, { recursive: true });
    symlinkSync(join(folders.kubeletDir, 'old.pem'), link);
    changes.push(changeLink(link, join(folders.kubeletDir, 'new.pem')));
  }
  const plan = { names: [], cas: [], changes, restarts: [] };
  const prepared = await prepareInstallation(folders, plan, new Date('2026-01-01'));
  await record(await applyInstallation(prepared), { phase: 'done' });
}

/** Changes the journal in the folder of that name. */
function forge(name: string, change: (journal: Journal) => void): void {
  const [id = ''] = readdirSync(at(name, 'cakeless/installations'));
  const file = at(name, 'cakeless/installations', id, 'journal.json');
  const journal = JSON.parse(read(file)) as Journal;
  change(journal);
  writeFileSync(file, JSON.stringify(journal));
}

const copy = () => cpSync(at('original'), at('copy'), { recursive: true, verbatimSymlinks: true });

const clock = { now: () => new Date('2026-01-02'), monotonic: () => 0 };
const terminal = { progress: () => undefined };
const deps = (folders: NodeFolders) =>
  ({ folders, stateDir: join(folders.kubeconfigDir, 'cakeless'), clock, terminal }) as never;

/** What may use a journal: a rollback, also with `--force`, and a run that resumes in each direction. */
const USES: readonly (readonly [
  string,
  (name: string, folders: NodeFolders) => Promise<unknown>,
])[] = [
  [
    'rollback --force',
    (_, folders) => rollBack(deps(folders), { id: undefined, restart: false, force: true }),
  ],
  ...(['prepared', 'applied', 'undoing'] as const).map(
    (phase) =>
      [
        `a run that resumes what is ${phase}`,
        async (name: string, folders: NodeFolders) => {
          forge(name, (journal) => {
            journal.phase = phase;
          });
          return recover(deps(folders), async () => undefined);
        },
      ] as const,
  ),
];

describe.each(USES)('%s', (what, use) => {
  it('changes the files of a copy, and none of the original', async () => {
    await install();
    copy();
    const before = contents(at('original'));
    await use('copy', foldersOf('copy'));
    expect(contents(at('original'))).toEqual(before);
    const expected = /resumes what is (prepared|applied)/.test(what) ? 'new' : 'old';
    for (const file of ['pki/etcd/peer.crt', 'pki/etcd/peer.key', 'admin.conf'])
      expect(read(at('copy', file))).toBe(expected);
  });

  it('changes the files of a folder that was moved', async () => {
    await install();
    renameSync(at('original'), at('moved'));
    await use('moved', foldersOf('moved'));
    expect(existsSync(at('original'))).toBe(false);
  });

  interface Attack {
    readonly prepare?: { readonly folders?: () => NodeFolders; readonly others?: () => string[] };
    readonly change?: () => void;
    readonly folders?: () => NodeFolders;
    /** @default copy */
    readonly journalIn?: string;
    readonly says: RegExp;
  }
  const toFile = (file: () => string) => ({
    change: () =>
      forge('copy', (journal) => {
        const [first] = journal.changes;
        if (first) first.file = file();
      }),
  });
  it.each<[string, Attack]>([
    [
      'the kubelet certificate of the original',
      {
        prepare: { folders: () => original({ kubeletDir: at('kubelet') }) },
        folders: () => foldersOf('copy', { kubeletDir: at('kubelet') }),
        says: /kubelet-client-current\.pem: is outside \S+copy/,
      },
    ],
    [
      'a copy of a kubeconfig that the original updates',
      { prepare: { others: () => [at('home/config')] }, says: /home\/config: is outside \S+copy/ },
    ],
    [
      'certificates in a folder that a link of the original leads to',
      {
        prepare: {
          folders: () => {
            mkdirSync(at('data'));
            mkdirSync(at('original'));
            symlinkSync(at('data'), at('original/pki'));
            return original();
          },
        },
        says: /data\/etcd\/peer\.crt: is outside \S+copy/,
      },
    ],
    ['an absolute path', { ...toFile(() => at('original/admin.conf')), says: /is outside/ }],
    ['a path with ..', { ...toFile(() => '../original/admin.conf'), says: /is not a plain path/ }],
    ['.. in the middle', { ...toFile(() => 'pki/../../original/a'), says: /is not a plain path/ }],
    ['the folder itself', { ...toFile(() => ''), says: /is not a plain path/ }],
    [
      'a folder of the copy that is now a link to the original',
      {
        change: () => {
          rmSync(at('copy/pki'), { recursive: true });
          symlinkSync(at('original/pki'), at('copy/pki'));
        },
        says: /peer\.crt: (is in pki, but --cert-dir is now|a link leads elsewhere)/,
      },
    ],
    [
      'a folder in the folder of certificates that is now a link to the original',
      {
        change: () => {
          rmSync(at('copy/pki/etcd'), { recursive: true });
          symlinkSync(at('original/pki/etcd'), at('copy/pki/etcd'));
        },
        says: /peer\.crt: a link leads elsewhere/,
      },
    ],
    [
      'a file of the copy that is now a link to the original',
      {
        change: () => {
          rmSync(at('copy/admin.conf'));
          symlinkSync(at('original/admin.conf'), at('copy/admin.conf'));
        },
        says: /admin\.conf: a link leads elsewhere/,
      },
    ],
    [
      'a state folder that is a link to that of the original',
      {
        change: () => {
          rmSync(at('copy/cakeless'), { recursive: true });
          symlinkSync(at('original/cakeless'), at('copy/cakeless'));
        },
        journalIn: 'original',
        says: /is outside \S+copy, and of another folder/,
      },
    ],
    [
      'certificates in a folder that is not that of the command',
      {
        folders: () => foldersOf('copy', { certDir: at('original/pki') }),
        says: /is in pki, but --cert-dir is now/,
      },
    ],
  ])('refuses a journal in a copy that names %s', async (_, attack) => {
    const { prepare = {}, change, folders = () => foldersOf('copy'), says } = attack;
    const { journalIn = 'copy' } = attack;
    await install(prepare.folders?.(), prepare.others?.());
    copy();
    change?.();
    const before = contents(root);
    await expect(use(journalIn, folders())).rejects.toMatchObject({
      message: expect.stringMatching(says),
      hint: expect.stringContaining('put the files in place by hand, and remove'),
    });
    const journalOf = (path: string) => /journal\.json|lock/.test(path);
    for (const [path, text] of Object.entries(before))
      if (!journalOf(path)) expect([path, read(path)]).toEqual([path, text]);
  });

  it('refuses files outside the folder if the journal is from another machine', async () => {
    const folders = original({ kubeletDir: at('kubelet') });
    await install(folders);
    forge('original', ({ home }) => {
      home.machine = 'another';
    });
    await expect(use('original', folders)).rejects.toThrow(
      /kubelet-client-current\.pem: is outside \S+, and was changed on another machine/,
    );
  });

  it.each(['old/0', 'new/1'])('refuses an installation whose %s was deleted', async (file) => {
    await install();
    const [id = ''] = readdirSync(at('original/cakeless/installations'));
    rmSync(at('original/cakeless/installations', id, file));
    const before = contents(at('original/pki'));
    await expect(use('original', original())).rejects.toMatchObject({
      message: expect.stringMatching(/is incomplete; nothing was changed: .*is missing/),
    });
    expect(contents(at('original/pki'))).toEqual(before);
  });
});

it('restores, where it was prepared, also what it changed elsewhere', async () => {
  const folders = original({ kubeletDir: at('kubelet') });
  await install(folders, [at('home/config')]);
  await rollBack(deps(folders), { id: undefined, restart: false, force: false });
  expect([read(at('home/config')), read(at('original/admin.conf'))]).toEqual(['old', 'old']);
});

it('records files of the folder relative to it, and is named by its own folder', async () => {
  await install(original(), [at('home/config')]);
  forge('original', (journal) => {
    journal.id = '../../..';
  });
  const [recorded] = listInstallations(at('original/cakeless'));
  if (!recorded) throw new Error('no installation');
  expect(recorded.journal.changes.map(({ file }) => file)).toEqual([
    ...['pki/etcd/peer.crt', 'pki/etcd/peer.key', 'admin.conf'],
    at('home/config'),
  ]);
  expect(recorded.journal.id).toBe('20260101t000000z');
  expect(ownInstallation(recorded, original()).changes.map(({ path }) => path)).toEqual([
    ...['pki/etcd/peer.crt', 'pki/etcd/peer.key', 'admin.conf'].map((file) => at('original', file)),
    at('home/config'),
  ]);
});
