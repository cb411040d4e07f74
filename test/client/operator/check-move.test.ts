/** `cakeless cluster apply` of a record that moves a cluster to another trust domain while a CA is being rotated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addClusterCommands } from '../../../client/command-line/cluster.ts';
import type { Connection } from '../../../client/connection.ts';
import { CommandError } from '../../../client/errors.ts';
import type { Phase } from '../../../lib/contract/rotation-phases.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-check-move-'));
afterAll(() => rmSync(folder, { recursive: true }));

let authority: MemoryStore;
beforeEach(async () => {
  ({ authority } = await InMemoryService.open());
});

const recordOf = (cluster: string, trustDomain: string) => ({
  cluster,
  trustDomain,
  kubernetesVersion: 'v1.37.2',
  nodes: [{ name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' }],
});

/** The trust domains `old` and `new`, each with a rotation in a phase. */
function seed(phases: { readonly old?: Phase; readonly new?: Phase }): void {
  const document = authority.json(`trust/${TRUST_DOMAIN}.json`) as object;
  const since = '2026-12-24T12:00:00.000Z';
  for (const trustDomain of ['old', 'new'] as const) {
    const phase = phases[trustDomain];
    const rotation = { ca: 'ca', from: 1, to: 2, phase, since, startedAt: since };
    authority.seed(
      `trust/${trustDomain}.json`,
      JSON.stringify({ ...document, trustDomain, ...(phase && { rotation }) }),
    );
  }
}

async function apply(...args: string[]) {
  const said: string[] = [];
  const terminal = { print: () => undefined, progress: (line: string) => void said.push(line) };
  const program = new Command().exitOverride();
  const connection = { authority: async () => authority } as unknown as Connection;
  addClusterCommands(program, connection, terminal);
  const error = await program.parseAsync(['cluster', 'apply', ...args], { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const shown = error instanceof CommandError ? [...error.lines, error.hint].join('\n') : error;
  return { error, shown, said: said.join('\n') };
}

function file(...records: readonly object[]): string {
  const path = join(folder, 'records');
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  for (const [i, record] of records.entries())
    writeFileSync(join(path, `${i}.json`), JSON.stringify(record));
  return path;
}

const move = (...more: string[]) =>
  apply('prod', '-f', join(file(recordOf('prod', 'new')), '0.json'), ...more);
const moved = () => (authority.json('clusters/prod.json') as { trustDomain: string }).trustDomain;
const during = (...names: string[]) => names.flatMap((name) => ['--during-rotation', name]);

const LEAVES =
  'ca of trust domain old is being rotated (phase issue): the cluster would leave the trust domain';
const JOINS =
  'ca of trust domain new is being rotated (phase trust): the cluster would join the trust domain';

it.each<[string, Parameters<typeof seed>[0], string[], string[], string]>([
  ['the cluster would leave', { old: 'issue' }, [], [LEAVES], '--during-rotation old'],
  ['the cluster would join', { new: 'trust' }, [], [JOINS], '--during-rotation new'],
  [
    'it would leave, and that which it would join,',
    { old: 'issue', new: 'trust' },
    [],
    [LEAVES, JOINS],
    '--during-rotation old --during-rotation new',
  ],
  [
    'it would leave, if only the other one is accepted,',
    { old: 'issue', new: 'trust' },
    during('new'),
    [LEAVES],
    '--during-rotation old',
  ],
])(
  'a rotation of the trust domain that %s refuses the move',
  async (_, phases, args, whys, add) => {
    seed(phases);
    authority.seed('clusters/prod.json', JSON.stringify(recordOf('prod', 'old')));
    for (const more of [[], ['--dry-run']]) {
      const { error, shown } = await move(...args, ...more);
      expect(error).toMatchObject({ code: 'usage' });
      const lines = String(shown).split('\n');
      expect(lines[0]).toBe('cluster prod cannot move from trust domain old to new now:');
      expect(lines.slice(1, -1)).toEqual(whys.map((why) => expect.stringContaining(why)));
      expect(lines.at(-1)).toMatch(
        /^finish or cancel the rotation first; cakeless trust-domain rot/,
      );
      expect(lines.at(-1)?.endsWith(`To move the cluster anyway, add ${add}`)).toBe(true);
      expect(moved()).toBe('old');
    }
  },
);

it('moves the cluster anyway if each rotation is named, and warns', async () => {
  seed({ old: 'issue', new: 'trust' });
  authority.seed('clusters/prod.json', JSON.stringify(recordOf('prod', 'old')));
  const { error, said } = await move(...during('old', 'new'));
  expect([error, moved()]).toEqual([undefined, 'new']);
  expect(said).toContain(`warning: ${LEAVES}`);
  expect(said).toContain(`warning: ${JOINS}`);
});

it.each<[string, Parameters<typeof seed>[0], object | undefined]>([
  ['no CA is being rotated', {}, recordOf('prod', 'old')],
  ['the cluster stays where it is', { new: 'issue' }, recordOf('prod', 'new')],
  ['the cluster is a new one', { new: 'issue' }, undefined],
])('does not refuse if %s', async (_, phases, before) => {
  seed(phases);
  if (before) authority.seed('clusters/prod.json', JSON.stringify(before));
  const { error, said } = await move();
  expect([error, moved()]).toEqual([undefined, 'new']);
  expect(said).not.toContain('is being rotated');
});

it('refuses it for a record that cannot be read, too', async () => {
  seed({ old: 'retire' });
  authority.seed('clusters/prod.json', JSON.stringify({ trustDomain: 'old', misspelled: true }));
  expect((await move()).shown).toMatch(/ca of trust domain old is being rotated \(phase retire\)/);
  expect((await apply('-f', file(recordOf('prod', 'new')))).shown).toMatch(/phase retire/);
});

it('of many records, nothing is applied if one moves its cluster', async () => {
  seed({ old: 'issue' });
  for (const cluster of ['prod', 'test'])
    authority.seed(`clusters/${cluster}.json`, JSON.stringify(recordOf(cluster, 'old')));
  const path = file(recordOf('dev', 'new'), recordOf('prod', 'new'), recordOf('test', 'new'));
  const { error, shown } = await apply('-f', path);
  expect(error).toMatchObject({ code: 'usage' });
  expect(shown).toMatch(/^nothing was applied, because of:/);
  for (const cluster of ['prod', 'test'])
    expect(shown).toContain(`cluster ${cluster} cannot move from trust domain old to new now:`);
  expect([moved(), authority.text('clusters/dev.json')]).toEqual(['old', undefined]);
  expect((await apply('-f', path, ...during('old'))).error).toBeUndefined();
  expect(moved()).toBe('new');
});
