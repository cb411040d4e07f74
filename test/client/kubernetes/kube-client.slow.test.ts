/** Lists of objects as large as the API server takes. */
import { sendJson } from '../../support/tls-api-server.ts';
import { list, open, page, server } from './kube-client.ts';

describe('lists', () => {
  it('of huge objects arrive in smaller pages', async () => {
    const big = 'x'.repeat(2 ** 20);
    const client = open((request, response) => {
      const query = new URL(request.url ?? '', server.origin).searchParams;
      const [limit, from] = [Number(query.get('limit')), Number(query.get('continue'))];
      const size = Math.min(limit, 20 - from);
      const items = Array.from({ length: size }, (_, i) => ({ n: from + i, big }));
      sendJson(response, page(items, from + size < 20 ? `${from + size}` : ''));
    });
    expect((await list(client)).map(({ n }) => n)).toEqual([...Array(20).keys()]);
    expect(server.requests[2]).toBe('GET /items?limit=8');
  });

  it('get past an object that fills several pages, and are large again after it', async () => {
    const sizes = Array.from({ length: 600 }, (_, i) => (i === 10 ? 9 * 2 ** 20 : 1));
    const client = open((request, response) => {
      const query = new URL(request.url ?? '', server.origin).searchParams;
      const [limit, from] = [Number(query.get('limit')), Number(query.get('continue'))];
      const to = Math.min(from + limit, sizes.length);
      const items = sizes
        .slice(from, to)
        .map((size, i) => ({ n: from + i, big: 'x'.repeat(size) }));
      sendJson(response, page(items, to < sizes.length ? `${to}` : ''));
    });
    expect((await list(client)).map(({ n }) => n)).toEqual([...sizes.keys()]);
    expect(server.requests.length).toBeLessThan(20);
  });
});
