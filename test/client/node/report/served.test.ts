/** What a report says that components serve: asked on the ports that their manifests name, and never for long. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  type AddressInfo,
  createServer as createPlainServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { sha256Of } from '../../../../client/node/disk/fingerprints.ts';
import { findServed } from '../../../../client/node/report/served.ts';
import { newKey, selfSigned } from '../../adoption/pki.ts';

const key = newKey();
const cert = selfSigned('ca', key, { subject: '/O=Example/CN=issuer' });
const sha256 = sha256Of(new X509Certificate(cert));
const served = (component: string) => ({ component, sha256, issuer: 'O=Example, CN=issuer' });

const root = mkdtempSync(join(tmpdir(), 'cakeless-served-'));
afterAll(() => rmSync(root, { recursive: true }));

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await close(server);
});

const close = (server: Server) => new Promise((done) => server.close(done));

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {}); // a client that only looks leaves before the handshake is over
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const tls = (more: object = {}) => {
  const server = createServer({ key, cert, ...more });
  server.on('tlsClientError', () => {});
  return listening(server);
};
const plain = (onSocket: (socket: Socket) => void) => listening(createPlainServer(onSocket));

let count = 0;
/** @param flags by component */
function node(flags: Record<string, string[]>, kubeletDir?: string) {
  count += 1;
  const kubeconfigDir = join(root, `node-${count}`);
  mkdirSync(join(kubeconfigDir, 'manifests'), { recursive: true });
  for (const [component, words] of Object.entries(flags)) {
    const command = [component, ...words.map((word) => `--${word}`)];
    const containers = [{ image: `registry.k8s.io/${component}:v1.35.4`, command }];
    const file = join(kubeconfigDir, 'manifests', `${component}.yaml`);
    writeFileSync(file, JSON.stringify({ spec: { containers } }));
  }
  return { kubeconfigDir, certDir: join(kubeconfigDir, 'pki'), kubeletDir };
}

/** On a busy machine, a handshake may take long. */
const PATIENT = { kubeletPort: 0, timeoutMs: 60_000 };
const find = (flags: Record<string, string[]>) => findServed(node(flags), PATIENT);
const apiServer = (port: number | string, address = '127.0.0.1') => ({
  'kube-apiserver': [`bind-address=${address}`, `secure-port=${port}`],
});
const etcd = (url: string) => ({ etcd: [`listen-client-urls=${url}`] });

it('is the certificate of the API server and of etcd, with who issued it', async () => {
  const [first, second] = [await tls(), await tls()];
  const urls = `https://127.0.0.1:${second},https://10.0.0.1:2379`;
  expect(await find({ ...apiServer(first), ...etcd(urls) })).toEqual([
    served('kube-apiserver'),
    served('etcd'),
  ]);
});

it.each(['0.0.0.0', '::', ''])(
  'is asked on the loopback address, if a component listens on %j',
  async (address) => {
    expect(await find(apiServer(await tls(), address))).toEqual([served('kube-apiserver')]);
  },
);

it('is seen although the server requires a client certificate', async () => {
  const port = await tls({ requestCert: true, rejectUnauthorized: true, ca: cert });
  expect(await find(etcd(`https://127.0.0.1:${port}`))).toEqual([served('etcd')]);
});

it("is the kubelet's, unless the files are a copy of those of a node", async () => {
  const options = { ...PATIENT, kubeletPort: await tls() };
  expect(await findServed(node({}, '/var/lib/kubelet'), options)).toEqual([served('kubelet')]);
  expect(await findServed(node({}), options)).toEqual([]);
});

describe('is without', () => {
  it('anything, on a node without static pods', async () => {
    expect(await find({})).toEqual([]);
  });

  it('a component on whose port nothing listens', async () => {
    const port = await tls();
    for (const server of servers.splice(0)) await close(server);
    expect(await find(apiServer(port))).toEqual([]);
  });

  it.each(['0', '65536', '-1', '1.5', 'https', ''])(
    'a component with the port %j, but with the others',
    async (port) => {
      const other = `https://127.0.0.1:${await tls()}`;
      expect(await find({ ...apiServer(port), ...etcd(other) })).toEqual([served('etcd')]);
    },
  );

  it.each(['http://127.0.0.1:2379', '127.0.0.1', 'https://127.0.0.1', ''])(
    'an etcd that listens on %j, but with the others',
    async (url) => {
      const port = await tls();
      expect(await find({ ...etcd(url), ...apiServer(port) })).toEqual([served('kube-apiserver')]);
    },
  );
});

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
    const folders = node(apiServer(await plain(onSocket)));
    expect(await findServed(folders, { kubeletPort: 0, timeoutMs: 100 })).toEqual([]);
  },
  2000,
);
