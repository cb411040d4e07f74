/** Calls can be made to take as long as over a network. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { s3As, start, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

it.each([
  ['each call waits for the delay', 20, [20, 20]],
  ['without a delay no call waits', 0, []],
])('%s', async (_, delayMs, expected) => {
  const delays: number[] = [];
  const timers = {
    setTimeout: (callback: () => void, ms: number) => {
      delays.push(ms);
      callback();
    },
    clearTimeout: () => undefined,
  };
  const local = await start({ delayMs, timers });
  for (const Bucket of ['exchange', 'authority'])
    await s3As(local).send(new ListObjectsV2Command({ Bucket }));
  expect(delays).toEqual(expected);
});
