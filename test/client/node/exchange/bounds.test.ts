/** What a node reads from the exchange is bounded: by size, and by count. */
import { InvitedExchange } from '../../../../client/node/exchange/invited-exchange.ts';
import { findOutcomes } from '../../../../client/node/exchange/outcomes.ts';
import { MAX_BUNDLE_BYTES, readBundle } from '../../../../client/node/trust/read-bundle.ts';
import { bundleKey } from '../../../../lib/contract/trust-domain.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const PLACE = { cluster: 'prod', node: 'cp-1', request: 'r' };

it('a request with more objects than any node has is an error, and the listing stops', async () => {
  let listed = 0;
  const exchange = new MemoryStore();
  exchange.list = async function* (prefix) {
    for (; ; listed++) yield { key: `${prefix}${listed}`, eTag: '', lastModified: new Date(0) };
  };
  await expect(findOutcomes(exchange, PLACE)).rejects.toThrow('more than 100000 objects');
  expect(listed).toBeLessThan(250_000);
});

it('a listing that repeats itself is an error, too', async () => {
  const exchange = new MemoryStore();
  exchange.list = async function* (prefix) {
    for (;;) yield { key: `${prefix}same`, eTag: '', lastModified: new Date(0) };
  };
  await expect(findOutcomes(exchange, PLACE)).rejects.toThrow('more than 100000 objects');
});

it('a trust bundle that is too large is not used', async () => {
  const exchange = new MemoryStore();
  exchange.seed(bundleKey('fleet', 'ca'), 'x'.repeat(MAX_BUNDLE_BYTES + 1));
  expect(await readBundle(exchange, 'fleet', 'ca')).toEqual({
    problem: expect.stringContaining('trust/fleet/ca.crt'),
  });
});

describe('through an invitation', () => {
  const url = (path: string) => `http://127.0.0.1/${path}`;
  const bundle = { get: url('ca'), sha256: ['0'] };
  const exchange = () =>
    new InvitedExchange({
      cakelessInvitation: 1,
      ...PLACE,
      trustDomain: 'fleet',
      expiresAt: '2036-01-01T00:00:00Z',
      trust: { ca: bundle, 'etcd-ca': bundle, 'front-proxy-ca': bundle },
      requests: [
        {
          path: 'admin.conf.csr',
          ...{ put: url('put'), get: url('get'), certificate: url('certificate') },
          ...{ rejected: url('rejected'), pending: url('pending') },
        },
      ],
    });

  it('an endless response is read no further than allowed', async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const fetched = jest.spyOn(globalThis, 'fetch').mockResolvedValue(new Response(body));
    const object = await exchange().get('certificates/prod/cp-1/r/admin.conf.crt', 4000);
    fetched.mockRestore();
    expect(object).toMatchObject({ tooLarge: true, body: new Uint8Array() });
    expect(sent).toBeLessThan(20_000);
  });
});
