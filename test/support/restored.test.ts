import { changeEnvironment, withCapturedOutput, withEnvironment, withoutRoot } from './restored.ts';

const fail = () => {
  throw new Error('as asked');
};

describe('withEnvironment', () => {
  it('sets and removes variables for the call', async () => {
    const seen = await withEnvironment({ PATH: undefined, CAKELESS_TEST: 'x' }, () => ({
      path: process.env.PATH,
      test: process.env.CAKELESS_TEST,
    }));
    expect(seen).toEqual({ path: undefined, test: 'x' });
  });

  it.each([
    ['after a call', () => {}],
    ['after a call that throws', fail],
    [
      'after a call that sets more',
      () => {
        process.env.CAKELESS_TEST_MORE = 'x';
      },
    ],
  ])('restores the environment %s', async (_, run) => {
    const before = { ...process.env };
    await withEnvironment({ PATH: undefined, CAKELESS_TEST: 'x' }, run).catch(() => {});
    expect({ ...process.env }).toEqual(before);
  });

  it('restores a change that lasts longer than a call when it is told to', () => {
    const before = { ...process.env };
    const restore = changeEnvironment({ CAKELESS_TEST: 'x' });
    expect(process.env.CAKELESS_TEST).toBe('x');
    restore();
    expect({ ...process.env }).toEqual(before);
  });
});

describe('withCapturedOutput', () => {
  it('keeps both streams apart and in order', async () => {
    const captured = await withCapturedOutput(() => {
      process.stdout.write('1');
      process.stderr.write('2');
      process.stdout.write('3');
      return 'done';
    });
    expect(captured).toEqual({ result: 'done', stdout: '13', stderr: '2', text: '123' });
  });

  it('restores the streams after a call that throws', async () => {
    const { write } = process.stdout;
    await expect(withCapturedOutput(fail)).rejects.toThrow('as asked');
    expect(process.stdout.write).toBe(write);
  });
});

it('withoutRoot runs the call as a user other than root, and then restores the user', async () => {
  const before = process.geteuid?.();
  expect(await withoutRoot(async () => process.geteuid?.())).not.toBe(0);
  await expect(withoutRoot(async () => fail())).rejects.toThrow('as asked');
  expect(process.geteuid?.()).toBe(before);
});
