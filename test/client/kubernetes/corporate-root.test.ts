/** A cluster whose CA is below a corporate root: the kubeconfig has that CA alone, and the client verifies as Go does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { openKubeClient } from '../../../client/kubernetes/open-kube-client.ts';
import { reachServer } from '../../../client/kubernetes/reach-server.ts';
import { CorporatePki } from '../../support/corporate-pki.ts';
import { sendJson } from '../../support/tls-api-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-corporate-'));
const pki = new CorporatePki(join(folder, 'pki'));
let server: Server;
let refuses = false;

beforeAll(async () => {
  pki.makeCa('ca', '/CN=kubernetes');
  pki.makeCa('other', '/O=Example Corp/CN=Example Corp Services CA');
  const leaf = { subject: '/CN=kube-apiserver', usages: 'serverAuth', names: 'IP:127.0.0.1' };
  pki.makeLeaf('apiserver', { ca: 'ca', ...leaf });
  // as the service issues it: with what is between the certificate and the root
  const chain = ['apiserver', 'ca', 'issuing'].map((name) => pki.certificate(name)).join('');
  const options = { key: pki.privateKey('apiserver'), cert: chain };
  server = createServer(options, (_, response) =>
    sendJson(response, { kind: refuses ? 'Status' : 'Node' }, refuses ? 403 : 200),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
beforeEach(() => {
  refuses = false;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function kubeconfigWith(ca: string) {
  const file = join(folder, 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  const data = Buffer.from(ca).toString('base64');
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': data };
  writeFileSync(
    file,
    stringify({
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'me', user: { token: 'a-token' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'me' } }],
      'current-context': 'test',
    }),
  );
  return { kubeconfig: file };
}

const CASES = [
  ['the CA of the cluster alone', () => pki.certificate('ca'), true],
  ['the CA with everything above it', () => pki.certificate('ca') + pki.chain, true],
  ['another CA below the same root', () => pki.certificate('other'), false],
] as const;

it.each(CASES)('with %s in the kubeconfig', async (_, ca, isVerified) => {
  const call = openKubeClient(kubeconfigWith(ca())).get('/api/v1/nodes/cp-1');
  await (isVerified
    ? expect(call).resolves.toEqual({ kind: 'Node' })
    : expect(call).rejects.toThrow(/unable to (get|verify)/));
});

it.each(CASES)('with %s instead of what the kubeconfig has', async (_, ca, isVerified) => {
  const reached = reachServer(
    kubeconfigWith(isVerified ? pki.certificate('other') : pki.chain),
    ca(),
  );
  await (isVerified
    ? expect(reached).resolves.toBeUndefined()
    : expect(reached).rejects.toThrow(/https:.*unable to (get|verify)/));
});

it('with its own certificate instead of a CA', async () => {
  const apiServer = pki.certificate('apiserver');
  await reachServer(kubeconfigWith(pki.certificate('other')), pki.certificate('other') + apiServer);
});

it('a server that refuses the call was verified', async () => {
  refuses = true;
  await reachServer(kubeconfigWith(pki.certificate('other')), pki.certificate('ca'));
});
