/** A health endpoint is input: whatever responds on its port, the run continues. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askHealth } from '../../../../client/node/restart/health.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function ask(respond: RequestListener, timeoutMs?: number) {
  const listening = createServer(respond);
  server = listening;
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/healthz`;
  const problem = await askHealth(
    { url, servedFingerprint: undefined, client: undefined },
    timeoutMs,
  );
  return problem?.replace(url, 'URL');
}

it('is healthy if it says so', async () => {
  expect(await ask((_, response) => response.end('ok'))).toBeUndefined();
});

it('is not waited for if it never responds', async () => {
  expect(await ask(() => undefined, 50)).toBe('URL: no response');
});

it('is not waited for if its response has no end', async () => {
  const stream: RequestListener = (_, response) => {
    const timer = setInterval(() => response.write('x'), 5);
    response.on('close', () => clearInterval(timer));
  };
  expect(await ask(stream, 100)).toBe('URL: no response');
});

it('is quoted in part if its response is long', async () => {
  const long: RequestListener = (_, response) => response.writeHead(500).end('x'.repeat(1e6));
  expect(await ask(long)).toBe(`URL: responded with 500 ${'x'.repeat(200)}`);
});
