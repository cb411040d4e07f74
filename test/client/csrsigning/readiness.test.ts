/** What `/readyz` answers, by the last calls to the API server. */
import { Metrics } from '../../../client/csrsigning/metrics.ts';
import { Readiness } from '../../../client/csrsigning/readiness.ts';
import {
  type KubeClient,
  KubeError,
  KubeUnreachable,
} from '../../../client/kubernetes/kube-client.ts';

type Answer = 'answers' | 'is forbidden' | 'breaks off';

async function* answering(answer: Answer) {
  if (answer === 'is forbidden') throw new KubeError(403, 'Forbidden', 'no permission');
  if (answer === 'breaks off') throw new KubeUnreachable('reset');
  yield { items: [] };
}

async function readinessAfter(calls: readonly ['list' | 'watch', Answer][]) {
  const clock = { now: () => new Date(0), monotonic: () => 0 };
  const readiness = new Readiness({ metrics: new Metrics(), clock });
  for (const [call, answer] of calls) {
    const inner = { list: () => answering(answer), watch: () => answering(answer) };
    const client = readiness.observe(inner as unknown as KubeClient);
    const answers = call === 'list' ? client.list('/x') : client.watch('/x', {} as never);
    await answers.next().catch(() => undefined);
  }
  return readiness.unready();
}

it.each<[string, ['list' | 'watch', Answer][], RegExp | undefined]>([
  ['not ready before the first answer', [], /has not been reached yet/],
  ['ready after a list', [['list', 'answers']], undefined],
  ['not ready without the permission to list', [['list', 'is forbidden']], /no permission/],
  [
    'not ready without the permission to watch, however often it lists',
    [
      ['list', 'answers'],
      ['watch', 'is forbidden'],
      ['list', 'answers'],
    ],
    /no permission/,
  ],
  [
    'ready once a watch answers',
    [
      ['list', 'answers'],
      ['watch', 'is forbidden'],
      ['watch', 'answers'],
    ],
    undefined,
  ],
  [
    'ready if a watch breaks off that is allowed',
    [
      ['list', 'answers'],
      ['watch', 'is forbidden'],
      ['watch', 'breaks off'],
    ],
    undefined,
  ],
])('it is %s', async (_, calls, why) => {
  const found = await readinessAfter(calls);
  if (why) expect(found).toMatch(why);
  else expect(found).toBeUndefined();
});
