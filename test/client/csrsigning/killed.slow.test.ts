/**
 * Three forwarders, each of which is killed at one of its calls and started again, have the same CSRs. Each CSR gets one
 * certificate, with one serial number.
 */
import { X509Certificate } from 'node:crypto';
import type { ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, TestCa } from './certificates.ts';
import { Mortal } from './mortal.ts';
import { World } from './world.ts';

let ca: TestCa;
beforeAll(async () => {
  ca = await TestCa.make('kubernetes');
});

const names = [{ type: 'DNS', value: 'w-1' }] as const;

/** Issues each request once; the first attempt of each CSR is rejected. */
function newService(world: World, issued: string[]) {
  return async (key: string) => {
    const address = parseRequestKey(key);
    if (!address) throw new Error(key);
    const keys = outcomeKeys(address);
    if (!address.requestId.includes('.')) {
      const violation = { code: 'node-unknown', field: 'f', got: 'g', allowed: 'a', fix: 'x' };
      const decidedAt = world.time.clock.now().toISOString();
      const rejection = { request: key, decidedAt, violations: [violation], tryAgain: '' };
      world.exchange.seed(keys.rejected, JSON.stringify(rejection));
      return;
    }
    const { spec } = world.exchange.json(key) as ApiCsr;
    const usage = spec?.signerName === SERVING_SIGNER ? 'serverAuth' : 'clientAuth';
    const csr = Buffer.from(spec?.request ?? '', 'base64').toString();
    world.exchange.seed(keys.certificate, await ca.issue(csr, { usages: [usage] }));
    issued.push(key);
  };
}

it('one serial number and one certificate, wherever they are killed', async () => {
  for (let calls = 0; ; calls += 1) {
    const world = new World();
    world.api.addNode('w-1');
    const issued: string[] = [];
    world.service = newService(world, issued);
    const forwarders = ['cp-1', 'cp-2', 'cp-3'].map(
      (replica) => new Mortal(world, { replica, trust: () => ({ pem: ca.pem }) }, calls),
    );
    const byNode = { username: 'system:node:w-1', groups: ['system:nodes'] };
    const [client, serving] = [
      { commonName: byNode.username },
      { commonName: byNode.username, names },
    ];
    world.api.createCsr({
      name: 'client',
      signerName: CLIENT_SIGNER,
      request: csrPem(client),
      isApproved: true,
      ...byNode,
    });
    world.api.createCsr({
      name: 'serving',
      signerName: SERVING_SIGNER,
      request: csrPem(serving),
      ...byNode,
    });
    for (let second = 0; second < 120; second += 5) {
      await world.advance(5);
      for (const forwarder of forwarders) await forwarder.revive();
    }
    for (const name of ['client', 'serving']) {
      const uid = world.api.csr(name)?.metadata.uid ?? '';
      const certificate = new X509Certificate(world.api.certificate(name) ?? '');
      expect(certificate.ca).toBe(false);
      expect(issued.filter((key) => key.includes(uid))).toHaveLength(1);
    }
    expect(
      [...world.exchange.objects.keys()].filter((key) => key.startsWith('requests/')),
    ).toHaveLength(4);
    const wasKilled = forwarders.some((one) => one.wasKilled);
    for (const forwarder of forwarders) await forwarder.stop();
    if (!wasKilled) break;
    expect(calls).toBeLessThan(200);
  }
});
