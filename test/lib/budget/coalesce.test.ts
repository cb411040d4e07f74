/** Work on one key is done one after another, and together with what is expected. */
import { Coalescer } from '../../../lib/budget/coalesce.ts';

function opened() {
  const settled: string[][] = [];
  const prepared: string[] = [];
  const used: (number | undefined)[] = [];
  const running: (() => void)[] = [];
  const coalescer = new Coalescer<string, string, number>({
    prepare: (key) => prepared.push(key),
    settle: async (_, asked, early) => {
      settled.push([...asked]);
      used.push(early);
      await new Promise<void>((resolve) => running.push(resolve));
      if (asked.includes('bad')) throw new Error('bad');
      return asked.map((one) => `${one} done`);
    },
  });
  /** Ends the work that is being done. */
  const proceed = async () => {
    running.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { coalescer, settled, prepared, used, proceed };
}

it('everything that arrives during a call is done together in the next one', async () => {
  const { coalescer, settled, proceed } = opened();
  const all = ['a', 'b', 'c'].map((one) => coalescer.ask('k', one));
  expect(settled).toEqual([['a']]);
  await proceed();
  await proceed();
  expect(await Promise.all(all)).toEqual(['a done', 'b done', 'c done']);
  expect(settled).toEqual([['a'], ['b', 'c']]);
});

it('waits for callers that have announced themselves, and does everything together', async () => {
  const { coalescer, settled, proceed } = opened();
  const [a, b, c] = ['a', 'b', 'c'].map(() => coalescer.announce('k', true));
  const first = a?.ask('a');
  b?.leave();
  expect(settled).toEqual([]);
  const second = c?.ask('c');
  expect(settled).toEqual([['a', 'c']]);
  await proceed();
  expect(await Promise.all([first, second])).toEqual(['a done', 'c done']);
});

it('does not wait again for a caller that has asked or left', async () => {
  const { coalescer, settled } = opened();
  const [a, b] = [coalescer.announce('k', true), coalescer.announce('k', true)];
  void a.ask('a');
  a.leave();
  a.leave();
  expect(settled).toEqual([]);
  b.leave();
  expect(settled).toEqual([['a']]);
});

it('does not wait for callers that announce themselves later', async () => {
  const { coalescer, settled } = opened();
  const [a, b] = [coalescer.announce('k', true), coalescer.announce('k', true)];
  void a.ask('a');
  coalescer.announce('k', true);
  b.leave();
  expect(settled).toEqual([['a']]);
});

it('does not wait for callers that are not awaited, or for those of another key', async () => {
  const { coalescer, settled } = opened();
  coalescer.announce('k', false);
  coalescer.announce('other', true);
  void coalescer.ask('k', 'a');
  expect(settled).toEqual([['a']]);
});

it('prepares once, and uses the result once', async () => {
  const { coalescer, prepared, used, proceed } = opened();
  const announced = ['a', 'b'].map(() => coalescer.announce('k', false));
  expect(prepared).toEqual(['k']);
  const all = announced.map((one, i) => one.ask(`${i}`));
  await proceed();
  await proceed();
  await Promise.all(all);
  expect(used).toEqual([1, undefined]);
  coalescer.announce('k', true);
  expect(prepared).toEqual(['k', 'k']);
});

it('prepares nothing during a call, because the call would make it out of date', async () => {
  const { coalescer, prepared, proceed } = opened();
  const asked = coalescer.ask('k', 'a');
  coalescer.announce('k', true).leave();
  await proceed();
  await asked;
  expect(prepared).toEqual([]);
});

it('a failure reaches the callers that were done together, and no later ones', async () => {
  const { coalescer, proceed } = opened();
  const all = ['bad', 'b'].map((one) => coalescer.ask('k', one));
  const done = Promise.allSettled(all);
  await proceed();
  await proceed();
  expect((await done).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});
