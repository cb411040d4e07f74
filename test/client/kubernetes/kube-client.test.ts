/** Calls over a real TLS connection, to a server that does whatever the case says. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type KubeClient,
  KubeError,
  KubeUnreachable,
} from '../../../client/kubernetes/kube-client.ts';
import { changeEnvironment } from '../../support/restored.ts';
import { type Respond, sendJson } from '../../support/tls-api-server.ts';
import { untilTrue } from '../../support/until.ts';
import {
  elapse,
  folder,
  list,
  messageOf,
  open,
  page,
  server,
  status,
  stopped,
  timers,
  untilIdle,
} from './kube-client.ts';

describe('calls', () => {
  it('reads, creates and patches objects with the client certificate', async () => {
    const bodies: unknown[] = [];
    const client = open((request, response, body) => {
      bodies.push([request.headers['content-type'], body]);
      sendJson(response, { ok: request.method }, request.method === 'POST' ? 201 : 200);
    });
    expect(await client.get('/a')).toEqual({ ok: 'GET' });
    expect(await client.create('/b', { b: 1 })).toEqual({ ok: 'POST' });
    expect(await client.patch('/c', { c: 'ä' })).toEqual({ ok: 'PATCH' });
    expect(bodies).toEqual([
      [undefined, ''],
      ['application/json', '{"b":1}'],
      ['application/merge-patch+json', '{"c":"ä"}'],
    ]);
    expect(server.users).toEqual(['first', 'first', 'first']);
  });

  it('keeps the path of the server', async () => {
    const kubeconfig = server.writeKubeconfig({ server: `${server.origin}/clusters/one/` });
    const client = open((_, response) => sendJson(response, {}), kubeconfig);
    await client.get('/version');
    expect(server.requests).toEqual(['GET /clusters/one/version']);
  });

  it('returns undefined for an object that does not exist', async () => {
    const client = open((_, response) => sendJson(response, status(404, 'NotFound'), 404));
    expect(await client.get('/a')).toBeUndefined();
    await expect(client.patch('/a', {})).rejects.toMatchObject({ status: 404, reason: 'NotFound' });
  });

  it("throws the Status's own words, bounded", async () => {
    const client = open((_, response) =>
      sendJson(response, status(422, 'Invalid', 'field is immutable'.padEnd(5000, '.')), 422),
    );
    const error = await client.patch('/a', {}).catch((caught: Error) => caught);
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ status: 422, reason: 'Invalid' });
    expect(messageOf(error)).toMatch(/^field is immutable\.+$/);
    expect(messageOf(error)).toHaveLength(1000);
  });

  it('follows no redirect', async () => {
    const client = open((_, response) => {
      response.writeHead(307, { location: `${server.origin}/other` }).end();
    });
    await expect(client.get('/a')).rejects.toMatchObject({ name: 'KubeError', status: 307 });
    expect(server.requests).toEqual(['GET /a']);
  });

  it.each<[string, Respond, RegExp]>([
    [
      'a page of a proxy',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /text\/html instead of application\/json/,
    ],
    [
      'garbage',
      (_, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
      /not JSON/,
    ],
    [
      'an endless response',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
      /more than 2097152 bytes/,
    ],
    [
      'half a response',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{');
        setImmediate(() => response.destroy());
      },
      /aborted/,
    ],
  ])('does not accept %s', async (_, respond, problem) => {
    const error = await open(respond)
      .get('/a')
      .catch((caught: Error) => caught);
    expect(error).toBeInstanceOf(KubeUnreachable);
    expect(messageOf(error)).toMatch(problem);
  });

  it('fails when it is stopped', async () => {
    const client = open(() => undefined);
    const call = client.get('/a').catch((caught: Error) => caught);
    await untilTrue('the request', () => server.requests.length === 1);
    stopped.abort();
    expect(await call).toBeInstanceOf(KubeUnreachable);
    await expect(client.get('/b')).rejects.toThrow(KubeUnreachable);
    expect(server.requests).toHaveLength(1);
  });
});

describe('time', () => {
  it('waits 30 s for the header of a response', async () => {
    const call = open(() => undefined)
      .get('/a')
      .catch((caught: Error) => caught);
    await untilTrue('the request', () => server.requests.length === 1);
    await elapse(30_000);
    expect(messageOf(await call)).toBe(`${server.origin}: no response within 30s`);
  });

  it('waits 30 s for the rest of a response', async () => {
    const call = open((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    })
      .get('/a')
      .catch((caught: Error) => caught);
    await untilTrue('the request', () => server.requests.length === 1);
    await untilTrue('the header', () => timers.waiting.length === 1);
    await elapse(30_000);
    expect(await call).toBeInstanceOf(KubeUnreachable);
  });

  it('opens a new connection after one that does not respond', async () => {
    let silent = false;
    const client = open((_, response) => {
      if (!silent) sendJson(response, {});
    });
    await client.get('/a');
    silent = true;
    const call = client.get('/b').catch((caught: Error) => caught);
    await untilTrue('the request', () => server.requests.length === 2);
    await elapse(30_000);
    expect(await call).toBeInstanceOf(KubeUnreachable);
    silent = false;
    await client.get('/c');
    expect(server.sockets[2]).not.toBe(server.sockets[1]);
  });

  it.each([429, 500, 503])('waits as long as %d with Retry-After says', async (code) => {
    const client = open((_, response) => {
      if (server.requests.length > 2) return sendJson(response, {});
      response.setHeader('retry-after', '3');
      sendJson(response, status(code, 'Busy'), code);
    });
    const call = client.create('/a', {});
    await elapse(3000);
    await elapse(3000);
    expect(await call).toEqual({});
    expect(timers.now).toBe(6000);
    expect(server.requests).toHaveLength(3);
  });

  it('stops after three retries, and at once if the pause would be long', async () => {
    let after = '1';
    const client = open((_, response) => {
      response.setHeader('retry-after', after);
      sendJson(response, status(429, 'TooManyRequests'), 429);
    });
    const call = client.get('/a').catch((caught: Error) => caught);
    for (let i = 0; i < 3; i++) await elapse(1000);
    expect(await call).toMatchObject({ status: 429, retryAfterSeconds: 1 });
    expect(server.requests).toHaveLength(4);
    after = '120';
    await expect(client.get('/a')).rejects.toMatchObject({ retryAfterSeconds: 120 });
    expect(server.requests).toHaveLength(5);
  });

  it('repeats no error without Retry-After', async () => {
    const client = open((_, response) => sendJson(response, status(500, 'InternalError'), 500));
    await expect(client.get('/a')).rejects.toMatchObject({ status: 500 });
    expect(server.requests).toHaveLength(1);
  });
});

describe('connections', () => {
  it('are used again', async () => {
    const client = open((_, response) => sendJson(response, {}));
    await client.get('/a');
    await untilIdle();
    await client.create('/b', {});
    await untilIdle();
    await client.get('/c');
    expect(new Set(server.sockets).size).toBe(1);
  });

  it('repeats a request once if the idle connection was closed, but creates nothing twice', async () => {
    let breaks = false;
    const client = open((request, response) => {
      if (!breaks) return sendJson(response, {});
      breaks = false;
      request.socket.destroy();
    });
    await client.get('/a');
    await untilIdle();
    breaks = true;
    expect(await client.patch('/b', {})).toEqual({});
    expect(server.requests).toEqual(['GET /a', 'PATCH /b', 'PATCH /b']);
    breaks = true;
    await expect(client.create('/c', {})).rejects.toThrow(KubeUnreachable);
    expect(server.requests.slice(3)).toEqual(['POST /c']);
  });

  it('does not repeat a request if a new connection breaks', async () => {
    const client = open((request) => void request.socket.destroy());
    await expect(client.get('/a')).rejects.toThrow(KubeUnreachable);
    expect(server.requests).toHaveLength(1);
  });

  it('works again after a restart of the server', async () => {
    const client = open((_, response) => sendJson(response, {}));
    await client.get('/a');
    await server.stop();
    await expect(client.get('/a')).rejects.toThrow(/ECONNREFUSED/);
    await server.start();
    expect(await client.get('/a')).toEqual({});
  });
});

describe('the certificate of the server', () => {
  const respond: Respond = (_, response) => sendJson(response, {});

  it.each<[string, () => Record<string, unknown>, RegExp]>([
    [
      'another CA',
      () => ({
        'certificate-authority-data': Buffer.from(server.text('pki/front-proxy-ca.crt')).toString(
          'base64',
        ),
      }),
      /unable to verify|unable to get|self-signed/,
    ],
    ['another name', () => ({ 'tls-server-name': 'other.example.com' }), /altnames/],
    ['another host', () => ({ server: `https://localhost:${server.port}` }), /altnames/],
  ])('is not accepted for %s, whatever the environment says', async (_, cluster, problem) => {
    const restore = changeEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    try {
      const client = open(respond, server.writeKubeconfig(cluster()));
      await expect(client.get('/a')).rejects.toThrow(problem);
      expect(server.requests).toEqual([]);
    } finally {
      restore();
    }
  });

  it('may have the name that tls-server-name says', async () => {
    const cluster = {
      server: `https://localhost:${server.port}`,
      'tls-server-name': 'api.example.com',
    };
    expect(await open(respond, server.writeKubeconfig(cluster)).get('/a')).toEqual({});
  });
});

describe('changed credentials', () => {
  const respond: Respond = (_, response) => sendJson(response, {});

  it('are used by the next call', async () => {
    const client = open(respond);
    await client.get('/a');
    server.writeKubeconfig({}, server.credential('second'));
    await client.get('/b');
    expect(server.users).toEqual(['first', 'second']);
  });

  it('are ignored as long as they cannot be used', async () => {
    const client = open(respond);
    const file = join(folder, 'kubeconfig');
    writeFileSync(file, 'half a kubecon');
    await client.get('/a');
    rmSync(file);
    await client.get('/b');
    server.writeKubeconfig({}, server.credential('second'));
    await client.get('/c');
    expect(server.users).toEqual(['first', 'first', 'second']);
  });

  it('are read again after 401, and the call is repeated only if they differ', async () => {
    const token = join(folder, 'token');
    const linked = join(folder, 'linked');
    writeFileSync(token, 'old');
    const tokens: unknown[] = [];
    const client = open(
      (request, response) => {
        tokens.push(request.headers.authorization);
        if (request.headers.authorization === 'Bearer new') return sendJson(response, {});
        sendJson(response, status(401, 'Unauthorized'), 401);
      },
      server.writeKubeconfig({}, { tokenFile: 'token' }),
    );
    await expect(client.get('/a')).rejects.toMatchObject({ status: 401 });
    expect(tokens).toEqual(['Bearer old']);
    writeFileSync(linked, 'new');
    renameSync(linked, token);
    expect(await client.get('/a')).toEqual({});
    expect(tokens.at(-1)).toBe('Bearer new');
  });
});

describe('lists', () => {
  it('arrive page by page, each item with the kind of the list', async () => {
    const client = open((request, response) => {
      const more = request.url?.includes('continue=a%2Bb');
      sendJson(response, more ? page([{ n: 2 }]) : page([{ n: 1 }], 'a+b'));
    });
    const type = { apiVersion: 'v1', kind: 'Item' };
    expect(await list(client)).toEqual([
      { ...type, n: 1 },
      { ...type, n: 2 },
    ]);
    expect(server.requests).toEqual([
      'GET /items?limit=500',
      'GET /items?limit=500&continue=a%2Bb',
    ]);
  });

  it('that repeat a page, or are something else, are not accepted', async () => {
    const endless = open((_, response) => sendJson(response, page([], 'again')));
    await expect(list(endless)).rejects.toThrow(/repeats a page/);
    const other = open((_, response) => sendJson(response, { kind: 'Item' }));
    await expect(list(other)).rejects.toThrow(/not a list/);
  });

  it('that have expired fail with 410', async () => {
    const client = open((_, response) => sendJson(response, status(410, 'Expired'), 410));
    await expect(list(client)).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });
});

describe('watches', () => {
  const event = (type: string, version: number, more: object = {}) =>
    `${JSON.stringify({ type, object: { metadata: { resourceVersion: `${version}` }, ...more } })}\n`;

  /** Sends these pieces, and then ends, breaks or stays silent. */
  const stream =
    (pieces: readonly (string | Buffer)[], then: 'end' | 'break' | 'silence'): Respond =>
    async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      for (const piece of pieces) await new Promise((done) => response.write(piece, done));
      if (then === 'end') response.end();
      if (then === 'break') response.destroy();
    };

  /** What arrived, and how it ended. */
  async function watch(client: KubeClient, signal = new AbortController().signal) {
    const seen: string[] = [];
    try {
      for await (const { type, object } of client.watch<{ metadata: { resourceVersion: string } }>(
        '/items',
        { resourceVersion: '5', signal, query: { fieldSelector: 'a=b' } },
      ))
        seen.push(`${type} ${object.metadata.resourceVersion}`);
    } catch (error) {
      return { seen, error };
    }
    return { seen };
  }

  it('deliver events however they are cut, and end when the server ends them', async () => {
    const text = Buffer.from(event('ADDED', 6, { name: 'ä€' }) + event('BOOKMARK', 7));
    const bytes = [...text].map((byte) => Buffer.from([byte]));
    const client = open(stream([...bytes, event('MODIFIED', 8) + event('DELETED', 9)], 'end'));
    expect(await watch(client)).toEqual({
      seen: ['ADDED 6', 'BOOKMARK 7', 'MODIFIED 8', 'DELETED 9'],
    });
    expect(server.requests).toEqual([
      'GET /items?fieldSelector=a%3Db&watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=5',
    ]);
  });

  it.each<[string, Respond, object]>([
    [
      'an expired version in the response',
      (_, response) => sendJson(response, status(410, 'Expired'), 410),
      { name: 'KubeError', status: 410, reason: 'Expired' },
    ],
    [
      'an expired version in an event',
      stream([`${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired') })}\n`], 'silence'),
      { name: 'KubeError', status: 410, reason: 'Expired' },
    ],
    [
      'half an event',
      stream([event('ADDED', 6).slice(0, -5)], 'end'),
      { name: 'KubeUnreachable', message: 'the watch broke off in the middle of an event' },
    ],
    ['a broken connection', stream([event('ADDED', 6)], 'break'), { name: 'KubeUnreachable' }],
    [
      'garbage',
      stream(['{"type":\n'], 'silence'),
      { message: 'responded with text that is not JSON' },
    ],
    [
      'something else',
      stream(['{"type":"ADDED","object":null}\n'], 'silence'),
      { message: 'the watch sent something that is not an event' },
    ],
    [
      'an endless line',
      stream(Array(21).fill('x'.repeat(2 ** 20)), 'silence'),
      { message: 'a watch event of more than 20971520 bytes' },
    ],
  ])('fail for %s', async (_, respond, expected) => {
    const { error } = await watch(open(respond));
    expect(error).toMatchObject(expected);
  });

  it('fail after 90 s without event and bookmark', async () => {
    const watching = watch(open(stream([event('BOOKMARK', 6)], 'silence')));
    await elapse(90_000);
    expect(await watching).toMatchObject({
      seen: ['BOOKMARK 6'],
      error: { message: 'no event and no bookmark for 90s' },
    });
  });

  it('that fail close idle connections, which are probably dead, too', async () => {
    const client = open(async (request, response) => {
      if (request.url?.startsWith('/items')) await stream([], 'silence')(request, response, '');
      else sendJson(response, {});
    });
    const watching = watch(client);
    await untilTrue('the silence', () => timers.waiting.includes(90_000));
    await client.get('/a');
    await elapse(90_000);
    await watching;
    await client.get('/b');
    expect(server.requests.at(-1)).toBe('GET /b');
    expect(server.sockets.slice(0, -1)).not.toContain(server.sockets.at(-1));
  });

  it('end without an error when their signal is aborted', async () => {
    const aborted = new AbortController();
    const watching = watch(open(stream([], 'silence')), aborted.signal);
    await untilTrue('the silence', () => timers.waiting.includes(90_000));
    aborted.abort();
    expect(await watching).toEqual({ seen: [] });
    expect(timers.waiting).toEqual([]);
  });

  it('close their connection when the reader leaves', async () => {
    let closed = false;
    const client = open(async (request, response) => {
      response.on('close', () => {
        closed = true;
      });
      await stream([event('ADDED', 6)], 'silence')(request, response, '');
    });
    const { signal } = new AbortController();
    for await (const _ of client.watch('/items', { resourceVersion: '5', signal })) break;
    await untilTrue('the end of the connection', () => closed);
    expect(timers.waiting).toEqual([]);
  });
});
