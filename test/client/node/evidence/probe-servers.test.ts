/** Whether servers take a probe certificate: servers of this process that behave as etcd, kube-apiserver and kubelet do. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createPlainServer,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { probeKubelet } from '../../../../client/cluster-trust/kubelet-port.ts';
import { probeServers } from '../../../../client/node/evidence/probe-servers.ts';
import {
  type ProbedComponent,
  probeTargets,
} from '../../../../client/node/evidence/probe-targets.ts';
import { OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-probe-'));
const template = new OpensslNode(join(root, 'template'));
beforeAll(() => {
  template.makeCa('ca', 'kubernetes');
  template.makeCa('front-proxy-ca', 'another');
  const server = { subject: '/CN=server', usages: 'serverAuth' } as const;
  template.makeLeaf({ path: 'server', ca: 'ca', ...server, names: 'IP:127.0.0.1' });
  template.makeLeaf({ path: 'nameless', ca: 'ca', ...server });
  template.makeLeaf({ path: 'foreign', ca: 'front-proxy-ca', ...server, names: 'IP:127.0.0.1' });
  template.makeLeaf({
    path: 'probe',
    ca: 'ca',
    subject: '/CN=cakeless:probe',
    usages: 'clientAuth',
  });
});
afterAll(() => rmSync(root, { recursive: true }));

const read = (file: string) => readFileSync(join(root, 'template', file), 'utf8');
const pairOf = (name: string) => ({ cert: read(`${name}.crt`), key: read(`${name}.key`) });

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** Verifies clients as etcd does: the handshake is complete for the client when TLS 1.3 refuses its certificate. */
const etcdOf = (clientCa: string, server = 'server') =>
  listening(
    createServer(
      {
        ...pairOf(server),
        ca: read(`pki/${clientCa}.crt`),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (_, response) => void response.end('{"etcdserver":"3.6.16"}'),
    ).on('tlsClientError', () => {}),
  );

/** Ends the handshake with a fatal alert (RFC 8446 section 6). */
const alert = (description: number) =>
  listening(
    createPlainServer((socket) => {
      socket.once('data', () => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, description])));
    }),
  );

const cnOf = (request: IncomingMessage) =>
  String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'system:anonymous');

/** Asks for client certificates, and leaves it to the authenticator to verify them, as Kubernetes does. */
const kubernetes = (respond: RequestListener, server = 'server') => {
  const options = { ...pairOf(server), requestCert: true, rejectUnauthorized: false };
  return listening(createServer(options, respond));
};

const forbids = (user?: string) =>
  kubernetes((request, response) => {
    const name = user ?? cnOf(request);
    const message = `namespaces is forbidden: User "${name}" cannot list resource "namespaces" in API group "" at the cluster scope`;
    response.writeHead(403).end(JSON.stringify({ kind: 'Status', message }));
  });
const responds = (status: number, text = '') =>
  kubernetes((_, response) => void response.writeHead(status).end(text));
const kubeletSays = (status: number, text: string) =>
  kubernetes((request, response) => {
    response.writeHead(status).end(text.replace('NAME', cnOf(request)));
  });
/** Lets those in who have a certificate. */
const onlyWithCertificate = (otherwise: number) =>
  kubernetes((request, response) => {
    response.writeHead(cnOf(request) === 'cakeless:probe' ? 200 : otherwise).end('ok');
  });

/** On a busy machine, a handshake may take long. */
const PATIENT = 60_000;

async function probe(
  component: ProbedComponent,
  port: number,
  { ca = read('pki/ca.crt'), onDisk = undefined as string | undefined, timeoutMs = PATIENT } = {},
) {
  const target = { component, host: '127.0.0.1', port, address: `127.0.0.1:${port}`, ca, onDisk };
  const now = () => new Date('2027-01-01T00:00:00Z');
  const [probed] = await probeServers([target], pairOf('probe'), { now, timeoutMs });
  return probed;
}

const cases: [string, ProbedComponent, () => Promise<number>, string, RegExp?][] = [
  ['etcd that verifies clients by the new CA', 'etcd', () => etcdOf('ca'), 'accepted'],
  ['its peer port', 'etcd-peer', () => etcdOf('ca'), 'accepted'],
  [
    'etcd that does not know the new CA yet, although the handshake of TLS 1.3 completes',
    'etcd',
    () => etcdOf('front-proxy-ca'),
    'refused',
    /^etcd at 127\.0\.0\.1:\d+ refuses a certificate of the new CA: /,
  ],
  [
    'etcd that says within the handshake, as in TLS 1.2, that it does not know the CA',
    'etcd-peer',
    () => alert(48),
    'refused',
    /TLS alert: unknown CA$/,
  ],
  [
    'etcd that says so with the alert of Go',
    'etcd-peer',
    () => alert(42),
    'refused',
    /TLS alert: bad certificate$/,
  ],
  [
    'a server that ends the handshake for another reason',
    'etcd',
    () => alert(40),
    'unreachable',
    /TLS alert 40$/,
  ],
  [
    'an API server that names the probe as the user to whom it forbids something',
    'kube-apiserver',
    () => forbids(),
    'accepted',
  ],
  [
    'an API server that takes it for an anonymous user',
    'kube-apiserver',
    () => forbids('system:anonymous'),
    'refused',
    /takes this node for system:anonymous/,
  ],
  ['an API server without anonymous users', 'kube-apiserver', () => responds(401), 'refused'],
  [
    'an API server that is overloaded',
    'kube-apiserver',
    () => responds(429, '{"message":"too many"}'),
    'unreachable',
    /responds with 429/,
  ],
  [
    'an API server in which users may do what is asked, and others may not',
    'kube-apiserver',
    () => onlyWithCertificate(403),
    'accepted',
  ],
  [
    'a kubelet that forbids it to the probe',
    'kubelet',
    () => kubeletSays(403, 'Forbidden (user=NAME, verb=get, resource=nodes, subresource=proxy)\n'),
    'accepted',
  ],
  [
    'a kubelet whose API server is down',
    'kubelet',
    () => kubeletSays(500, 'Authorization error (user=NAME, verb=get, resource=nodes)'),
    'accepted',
  ],
  [
    'a kubelet that takes it for an anonymous user',
    'kubelet',
    () => kubeletSays(403, 'Forbidden (user=system:anonymous, verb=get, resource=nodes)'),
    'refused',
  ],
  ['a kubelet without anonymous users', 'kubelet', () => responds(401), 'refused'],
  [
    'a kubelet that allows all users everything',
    'kubelet',
    () => onlyWithCertificate(401),
    'accepted',
  ],
  [
    'a kubelet that allows everyone everything',
    'kubelet',
    () => responds(200, 'ok'),
    'unreachable',
    /responds without a client certificate too/,
  ],
  [
    'a server whose certificate another CA signed, although it would accept the probe',
    'etcd',
    () => etcdOf('ca', 'foreign'),
    'unreachable',
    /neither the one on disk nor verified/,
  ],
  [
    'a server with a certificate for another name',
    'etcd',
    () => etcdOf('ca', 'nameless'),
    'unreachable',
    /neither the one on disk nor verified/,
  ],
  [
    'a program that hangs up',
    'etcd',
    () => listening(createPlainServer((socket) => socket.destroy())),
    'unreachable',
  ],
  [
    'a program that speaks something else',
    'kubelet',
    () => listening(createPlainServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))),
    'unreachable',
  ],
];

it.each(cases)('%s', async (_, component, start, result, why = /^/) => {
  const probed = await probe(component, await start());
  expect(probed).toMatchObject({ component, result, at: '2027-01-01T00:00:00.000Z' });
  if (result === 'accepted') expect(probed?.why).toBeUndefined();
  else expect(probed?.why).toMatch(why);
  expect(JSON.stringify(probed)).not.toContain('PRIVATE KEY');
});

it('a port on which nothing listens', async () => {
  const port = await etcdOf('ca');
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  expect(await probe('etcd', port)).toMatchObject({ result: 'unreachable' });
});

it('a program that says nothing is given up soon', async () => {
  const port = await listening(createPlainServer(() => {}));
  const probed = await probe('etcd', port, { timeoutMs: 50 });
  expect(probed).toMatchObject({ result: 'unreachable', why: expect.stringMatching(/in time$/) });
});

it('a response without an end is read in part', async () => {
  const endless = await kubernetes((_, response) => {
    const more = () => {
      while (response.write('x'.repeat(1000)));
    };
    response.on('drain', more).writeHead(403);
    more();
  });
  expect(await probe('kubelet', endless)).toMatchObject({ result: 'unreachable' });
});

describe('the servers of a node', () => {
  let count = 0;
  function nodeWith(flags: Record<string, string[]>, kubeletDir?: string) {
    count += 1;
    const kubeconfigDir = join(root, `node-${count}`);
    mkdirSync(join(kubeconfigDir, 'manifests'), { recursive: true });
    mkdirSync(join(kubeconfigDir, 'pki/etcd'), { recursive: true });
    for (const [component, words] of Object.entries(flags)) {
      const command = [component, ...words.map((word) => `--${word}`)];
      const containers = [{ image: `registry.k8s.io/${component}:v1.35.4`, command }];
      const file = join(kubeconfigDir, 'manifests', `${component}.yaml`);
      writeFileSync(file, JSON.stringify({ spec: { containers } }));
    }
    return { kubeconfigDir, certDir: join(kubeconfigDir, 'pki'), kubeletDir };
  }
  const ETCD = [
    'listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379',
    'listen-peer-urls=https://[2001:db8::1]:2380',
  ];

  it.each([
    [
      'are those of its manifests, for etcd-ca',
      'etcd-ca',
      { etcd: ETCD },
      ['etcd 127.0.0.1:2379', 'etcd-peer [2001:db8::1]:2380'],
    ],
    [
      'are those that speak HTTP, if etcd has separate ports',
      'etcd-ca',
      { etcd: [...ETCD, 'listen-client-http-urls=https://127.0.0.1:2382'] },
      ['etcd 127.0.0.1:2382', 'etcd-peer [2001:db8::1]:2380'],
    ],
    [
      'are the API server where it can be called, for ca',
      'ca',
      { 'kube-apiserver': ['advertise-address=10.0.0.1', 'secure-port=6444'] },
      ['kube-apiserver 10.0.0.1:6444'],
    ],
    [
      'are the API server at the address to which it is bound',
      'ca',
      { 'kube-apiserver': ['advertise-address=10.0.0.1', 'bind-address=10.0.0.2'] },
      ['kube-apiserver 10.0.0.2:6443'],
    ],
    ['do not exist without manifests', 'etcd-ca', {}, []],
    [
      'exclude those without TLS',
      'etcd-ca',
      { etcd: ['listen-client-urls=http://127.0.0.1:2379'] },
      [],
    ],
    [
      'exclude those on a port that cannot exist',
      'ca',
      { 'kube-apiserver': ['secure-port=0'] },
      [],
    ],
    ['include nothing for front-proxy-ca', 'front-proxy-ca', { 'kube-apiserver': [] }, []],
  ] as const)('%s', (_, ca, flags, expected) => {
    const targets = probeTargets(ca, nodeWith(flags as unknown as Record<string, string[]>));
    expect(targets.map(({ component, address }) => `${component} ${address}`)).toEqual(expected);
  });

  it('are verified by the certificate on disk, as a kubelet with a self-signed one', async () => {
    const port = await kubernetes((request, response) => {
      response.writeHead(403).end(`Forbidden (user=${cnOf(request)}, verb=get)`);
    }, 'foreign');
    const kubeletDir = join(root, 'kubelet-pki');
    mkdirSync(kubeletDir);
    const folders = nodeWith({}, kubeletDir);
    const options = { now: () => new Date(), timeoutMs: PATIENT };
    const ask = () => probeServers(probeTargets('ca', folders, port), pairOf('probe'), options);
    expect(await ask()).toMatchObject([{ component: 'kubelet', result: 'unreachable' }]);
    writeFileSync(join(kubeletDir, 'kubelet.crt'), read('foreign.crt'));
    expect(await ask()).toMatchObject([{ component: 'kubelet', result: 'accepted' }]);
  });
});

describe('the kubelet of another node, asked by a forwarder', () => {
  const verifies = 'Forbidden (user=NAME, verb=get)';
  const rows: [string, () => Promise<number>, string][] = [
    ['accepts', () => kubeletSays(403, verifies), 'accepted'],
    [
      'counts whatever it serves, because it says nothing about anyone else',
      () =>
        kubernetes(
          (request, response) =>
            void response.writeHead(403).end(`Forbidden (user=${cnOf(request)}, `),
          'foreign',
        ),
      'accepted',
    ],
    ['does not know the new CA', () => responds(401, 'Unauthorized'), 'refused'],
    ['responds to anyone', () => responds(200, 'ok'), 'unreachable'],
    ['does not listen', async () => 1, 'unreachable'],
  ];
  it.each(rows)('%s', async (_, start, expected) => {
    const port = await start();
    const connection = { port, timeoutMs: PATIENT };
    expect(await probeKubelet('127.0.0.1', pairOf('probe'), connection)).toBe(expected);
  });
});
