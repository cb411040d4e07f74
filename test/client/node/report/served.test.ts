/** What components serve is looked at on their own ports, and nothing that listens there can hold up the report. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { findServed } from '../../../../client/node/report/served.ts';
import { makeRecipient } from '../../../support/adopted-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-served-'));
const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
let certificateFile: string;
beforeAll(() => {
  mkdirSync(join(folder, 'manifests'));
  certificateFile = makeRecipient(join(folder, 'server'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function listen(server: Server): Promise<void> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const flags = `--bind-address=0.0.0.0, --secure-port=${port}`;
  writeFileSync(
    join(folder, 'manifests/kube-apiserver.yaml'),
    `spec:\n  containers:\n  - command: [kube-apiserver, ${flags}]\n`,
  );
}

it('is the certificate that the API server presents', async () => {
  const [cert, key] = [certificateFile, join(folder, 'server.key')].map((file) =>
    readFileSync(file),
  );
  await listen(createTlsServer({ cert, key }));
  expect(await findServed(folders)).toEqual([
    {
      component: 'kube-apiserver',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      issuer: 'CN=offline',
    },
  ]);
});

const HANDSHAKE = 0x16;
it.each<[string, (socket: Socket) => void]>([
  ['is silent', () => {}],
  ['hangs up', (socket) => socket.destroy()],
  ['does not speak TLS', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  [
    'sends an octet of a handshake from time to time',
    (socket) => {
      const header = [HANDSHAKE, 3, 3, 0x3f, 0xff];
      const timer = setInterval(() => socket.write(Buffer.of(header.shift() ?? 2)), 20);
      open.push({ close: () => clearInterval(timer) });
    },
  ],
])('leaves out what %s', async (_, accept) => {
  await listen(
    createTcpServer((socket) => {
      open.push({ close: () => socket.destroy() });
      socket.on('error', () => {});
      accept(socket);
    }),
  );
  expect(await findServed(folders, 200)).toEqual([]);
});
