/** Several CSRs are uploaded side by side, and every failure is reported. */

import { CommandError } from '../../../../client/errors.ts';
import { RequestTakenError } from '../../../../client/node/exchange/exchange.ts';
import { throwFailures, uploadAll } from '../../../../client/node/exchange/upload-all.ts';
import { Fault } from '../../../../lib/fault.ts';

const csrs = Array.from({ length: 12 }, (_, i) => ({
  key: `requests/prod/cp-1/r/${i}.csr`,
  bytes: Buffer.from(`csr ${i}`),
}));

const exchangeThat = (create: (key: string) => Promise<'created' | 'exists'>) => ({
  create,
  get: async () => undefined,
  list: async function* () {},
});

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

it('uploads eight at a time, and keeps their order', async () => {
  let running = 0;
  let most = 0;
  const results = await uploadAll(
    exchangeThat(async () => {
      running += 1;
      most = Math.max(most, running);
      await soon();
      running -= 1;
      return 'created';
    }),
    csrs,
  );
  expect(most).toBe(8);
  expect(results).toEqual(csrs.map(() => ({ uploaded: true })));
  expect(() => throwFailures(csrs, results)).not.toThrow();
});

/** Uploads all; the keys for which `fail` returns an error are not. */
async function failing(fail: (index: number, key: string) => Error | undefined) {
  const uploaded: string[] = [];
  const exchange = exchangeThat(async (key) => {
    const error = fail(
      csrs.findIndex((one) => one.key === key),
      key,
    );
    await soon();
    if (error) throw error;
    uploaded.push(key);
    return 'created';
  });
  const results = await uploadAll(exchange, csrs);
  try {
    throwFailures(csrs, results);
  } catch (error) {
    return { uploaded, error };
  }
  return { uploaded, error: undefined };
}

it('one failure does not stop the other uploads', async () => {
  const only = new Fault('unavailable', 'S3 does not respond');
  const { uploaded, error } = await failing((i) => (i === 2 ? only : undefined));
  expect(uploaded).toHaveLength(11);
  expect(error).toMatchObject({ code: 'unavailable', message: 'S3 does not respond' });
});

it('a reason that all share is named once', async () => {
  const { uploaded, error } = await failing(
    (_, key) => new Fault('not-allowed', `S3 PutObject exchange/${key}: Access Denied`),
  );
  expect(uploaded).toEqual([]);
  expect(error).toMatchObject({
    code: 'not-allowed',
    message: 'S3 PutObject exchange/requests/prod/cp-1/r/0.csr: Access Denied (and 11 more)',
  });
});

it('different reasons are all named, with the code and the hint of the first', async () => {
  const { error } = await failing((i) => {
    if (i === 1) return new CommandError('usage', 'not covered', 'ask for an invitation');
    return i === 7 ? new CommandError('denied', 'expired') : undefined;
  });
  expect(error).toMatchObject({
    code: 'usage',
    lines: ['several CSRs could not be uploaded:', 'not covered', 'expired'],
    hint: 'ask for an invitation',
  });
});

it('all keys that contain other CSRs are named at once, unless something else failed, too', async () => {
  const taken = (...indexes: number[]) =>
    failing((i, key) => (indexes.includes(i) ? new RequestTakenError(key) : undefined));
  const { error } = await taken(3, 9);
  expect(error).toBeInstanceOf(RequestTakenError);
  expect(error).toMatchObject({ keys: [csrs[3]?.key, csrs[9]?.key] });
  const mixed = await failing((i, key) => {
    if (i === 3) return new RequestTakenError(key);
    return i === 9 ? new Fault('unavailable', 'S3 does not respond') : undefined;
  });
  expect(mixed.error).toMatchObject({ code: 'unavailable' });
});
