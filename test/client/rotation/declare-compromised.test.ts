/** `cakeless trust-domain declare-compromised`: what it shows, what it asks, and that it asks before it calls. */
import type { Connection } from '../../../client/connection.ts';
import type { Phase } from '../../../lib/contract/rotation-phases.ts';
import { declareCompromised } from '../../../lib/rotating/declare-compromised.ts';
import type { DeclareCompromisedRequest } from '../../../lib/rotating/rotation-request.ts';
import { type RotatingWorld, rotatingWorld } from '../../support/rotating-world.ts';
import { runCommand, shown } from '../adoption/world.ts';

let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  world = await rotatingWorld();
  fresh = world.save();
});
beforeEach(() => fresh());

/** The command, with the real function; `answer` is what the person at the terminal types. */
async function run(args: readonly string[], answer?: () => Promise<string>) {
  const requests: unknown[] = [];
  const connection = {
    authority: async () => world.authority,
    invokeCreateCa: (request: DeclareCompromisedRequest) => {
      requests.push(request);
      return declareCompromised(world.service, request);
    },
  } as unknown as Connection;
  const questions: string[] = [];
  const prompt = {
    ask: async (question: string) => {
      questions.push(question);
      return answer?.();
    },
  };
  const all = ['declare-compromised', 'prod', '--ca', 'ca', ...args];
  const clock = { now: () => world.service.now() };
  return { ...(await runCommand(connection, all, { prompt, clock })), requests, questions };
}

const yes = async () => 'yes';
const isDeclared = () => world.document().rotation?.compromised === true;

it.each<[string, string[], (() => Promise<string>) | undefined]>([
  ['the old CA is named', ['--confirm', 'prod/ca/1'], undefined],
  ['a person at the terminal confirms', [], yes],
])('declares it if %s', async (_, args, answer) => {
  await world.advance('trust');
  const ran = await run(args, answer);
  expect(shown(ran)).toBe('undefined');
  expect(isDeclared()).toBe(true);
  expect(ran.said).toMatch(
    /declared the old ca .* compromised.*\n.*only with --accept-ca-change and --ca-cert-hash/,
  );
  expect(ran.printed).toBe('phase trust, change 2');
});

it.each<[string, string[], (() => Promise<string>) | undefined, RegExp]>([
  [
    'nobody is at the terminal',
    [],
    undefined,
    /^not declared: without a terminal, --confirm is required\n.*run: cakeless trust-domain declare-compromised prod --ca ca --confirm prod\/ca\/1$/,
  ],
  ['the answer is no', [], async () => 'no', /the answer was not yes/],
  [
    'another version is named',
    ['--confirm', 'prod/ca/2'],
    yes,
    /the old CA is not prod\/ca\/2, but prod\/ca\/1/,
  ],
  [
    'the rotation has ended in the meantime',
    [],
    async () => {
      await world.advance('issue', 'retire', 'stable');
      return 'yes';
    },
    /ca of trust domain prod is not being rotated/,
  ],
  [
    'another rotation has begun in the meantime',
    [],
    async () => {
      await world.advance('issue', 'retire', 'stable', 'trust');
      return 'yes';
    },
    /is now rotated from version 2, not 1/,
  ],
])('declares nothing if %s', async (_, args, answer, problem) => {
  await world.advance('trust');
  const ran = await run(args, answer);
  expect(shown(ran)).toMatch(problem);
  expect([ran.requests, isDeclared()]).toEqual([[], false]);
});

it('shows what it changes before it asks', async () => {
  await world.advance('trust');
  const { said, questions } = await run([], async () => 'no');
  expect(questions).toEqual(['declare this? Type yes: ']);
  expect(said).toContain('version 1 of ca of trust domain prod becomes compromised permanently');
  expect(said).toContain('this cannot be undone');
});

const LATER = [/^phase issue begins only when everything/, /no minimum duration/];

it.each<[Phase[], RegExp[]]>([
  [['trust'], LATER],
  [['trust', 'issue'], [/no minimum duration, and the rotation cannot go back from phase retire/]],
  [['trust', 'issue', 'retire'], [/^the rotation cannot go back to phase issue$/]],
])(
  'a dry run after %j says exactly what would change, and changes nothing',
  async (phases, later) => {
    await world.advance(...phases);
    const before = world.document();
    const ran = await run(['--dry-run']);
    expect(ran.said).toBe('would declare prod/ca/1 compromised (dry run)');
    expect(ran.printed.split('\n')).toEqual([
      expect.stringMatching(/^version 1 of ca .* becomes compromised/),
      `change ${phases.length + 1} of the trust domain, in phase ${phases.at(-1)}, which stays`,
      expect.stringMatching(/^the cross certificate of version 2 is removed .* rotation\.json/),
      expect.stringMatching(/^nodes that do not trust version 2 yet .* --ca-cert-hash$/),
      ...later.map((line) => expect.stringMatching(line)),
      'this cannot be undone',
    ]);
    expect([ran.requests, ran.questions, world.document()]).toEqual([[], [], before]);
    const json = JSON.parse((await run(['--dry-run', '-o', 'json'])).printed);
    expect(json).toMatchObject({ changed: false, confirm: 'prod/ca/1', from: 1, to: 2 });
    // and it comes true
    await run(['--confirm', 'prod/ca/1']);
    expect(world.document()).toMatchObject({
      sequence: phases.length + 1,
      rotation: { phase: phases.at(-1), compromised: true },
      cas: { ca: { versions: [{ compromised: true }, {}] } },
    });
    expect(JSON.stringify(world.document().cas.ca)).not.toContain('"cross"');
  },
);

it('is repeated without a question, and publishes what an interrupted call has not', async () => {
  await world.advance('trust');
  await run(['--confirm', 'prod/ca/1']);
  const published = world.published();
  world.exchange.objects.delete('trust/prod/rotation.json');
  const again = await run([]);
  expect(shown(again)).toBe('undefined');
  expect([again.questions, world.published()]).toEqual([[], published]);
  expect(again.said).toContain('was declared compromised already; nothing was changed');
  expect((await run(['--dry-run'])).printed).toBe('');
});

it('has nothing to declare in a stable trust domain', async () => {
  const ran = await run(['--confirm', 'prod/ca/1']);
  expect(shown(ran)).toMatch(
    /is not being rotated\n.*cakeless trust-domain rotate prod --ca ca --to trust --compromised/,
  );
  expect(ran.requests).toEqual([]);
});
