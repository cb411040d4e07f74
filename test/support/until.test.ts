import { Hopeless, hopeless, until, untilTrue } from './until.ts';

it('returns the first result, and treats errors as "not yet"', async () => {
  const looks = [
    () => undefined,
    () => {
      throw new Error('not yet');
    },
    () => 'here',
  ];
  expect(await until('a result', () => looks.shift()?.())).toBe('here');
});

it('fails at the limit with what was waited for and the last error', async () => {
  const never = () => {
    throw new Error('connection refused');
  };
  await expect(until('the port', never, 0)).rejects.toThrow(
    'the port: not within 0 s. connection refused',
  );
});

it('returns falsy results, but waits for a condition to become true', async () => {
  expect(await until('a count', () => 0)).toBe(0);
  const looks = [false, true];
  await untilTrue('a condition', () => looks.shift() === true);
  expect(looks).toEqual([]);
});

it('stops waiting on a Hopeless error', async () => {
  const denied = () => Promise.reject(new Error('denied')).catch(hopeless);
  await expect(until('access', denied)).rejects.toThrow(Hopeless);
});
