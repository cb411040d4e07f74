/** Asking the components of a node for their certificates ends, whatever program listens on their ports. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServed } from '../../../../client/node/report/served.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-served-'));
afterAll(() => rmSync(root, { recursive: true }));

let server: Server;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  mkdirSync(join(root, 'manifests'), { recursive: true });
  writeFileSync(
    join(root, 'manifests/kube-apiserver.yaml'),
    `spec:\n  containers:\n  - image: registry.k8s.io/kube-apiserver:v1.35.4\n    command: [kube-apiserver, --bind-address=127.0.0.1, --secure-port=${port}]\n`,
  );
  return root;
}

it.each<[string, (socket: Socket) => void]>([
  [
    // the head of a record of a handshake that is 16 KB long
    'sends a byte of its handshake from time to time',
    (socket) => {
      socket.write(Buffer.from('1603034000', 'hex'));
      const timer = setInterval(() => socket.write('\u0002'), 20);
      socket.on('close', () => clearInterval(timer));
    },
  ],
  ['says nothing', () => {}],
  ['hangs up', (socket) => socket.destroy()],
  ['speaks something else', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')],
])(
  'a program that %s is left out soon',
  async (_, onSocket) => {
    const folder = await listen(onSocket);
    const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
    expect(await findServed(folders, 100)).toEqual([]);
  },
  2000,
);
