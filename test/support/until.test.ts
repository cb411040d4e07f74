import { Hopeless, hopeless, until, untilTrue } from './until.ts';

it('gives the first answer, and takes errors for "not yet"', async () => {
  const looks = [
    () => undefined,
    () => {
      throw new Error('not yet');
    },
    () => 'here',
  ];
  expect(await until('an answer', () => looks.shift()?.())).toBe('here');
});

it('fails at the limit with what was waited for and the last error', async () => {
  const never = () => {
    throw new Error('connection refused');
  };
  await expect(until('the port', never, 0)).rejects.toThrow(
    'the port: not within 0 s. connection refused',
  );
});

it('takes falsy answers for answers, but waits for a condition', async () => {
  expect(await until('a count', () => 0)).toBe(0);
  const looks = [false, true];
  await untilTrue('a condition', () => looks.shift() === true);
  expect(looks).toEqual([]);
});

it('does not wait when it is hopeless', async () => {
  const denied = () => Promise.reject(new Error('denied')).catch(hopeless);
  await expect(until('access', denied)).rejects.toThrow(Hopeless);
});
