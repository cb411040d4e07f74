/** CSRs and outcomes for suites of the forwarder, on an API server and a bucket in memory. The service is a stand-in. */
import type { ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import type { NewCsr } from './api-server.ts';
import {
  type CertificateOptions,
  CLIENT_SIGNER,
  csrPem,
  SERVING_SIGNER,
  TestCa,
  USER_SIGNER,
} from './certificates.ts';
import { type StartOptions, World } from './world.ts';

export let ca: TestCa;
beforeAll(async () => {
  ca = await TestCa.make('kubernetes');
});

export const names = [
  { type: 'DNS', value: 'w-1' },
  { type: 'IP', value: '10.20.0.21' },
] as const;

const NODES = ['system:nodes'];
export const BOOTSTRAP = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };

export const byNode = (node: string): Pick<NewCsr, 'username' | 'groups'> => ({
  username: `system:node:${node}`,
  groups: NODES,
});

export const clientCsr = (node: string, more: Partial<NewCsr> = {}): NewCsr => ({
  name: `csr-${node}`,
  signerName: CLIENT_SIGNER,
  request: csrPem({ commonName: `system:node:${node}` }),
  ...byNode(node),
  isApproved: true,
  ...more,
});

export const servingCsr = (node: string, more: Partial<NewCsr> = {}): NewCsr => ({
  ...clientCsr(node),
  signerName: SERVING_SIGNER,
  request: csrPem({ commonName: `system:node:${node}`, names }),
  isApproved: false,
  ...more,
});

export const userCsr = (more: Partial<NewCsr> = {}): NewCsr => ({
  name: 'jane',
  signerName: USER_SIGNER,
  request: csrPem({ commonName: 'jane', organizations: ['developers'] }),
  username: 'kubernetes-admin',
  isApproved: true,
  ...more,
});

export const newWorld = () => {
  const world = new World();
  world.api.addNode('w-1');
  return world;
};

export const start = (world: World, options: StartOptions = {}) =>
  world.start({ trust: () => ({ pem: ca.pem }), ...options });

export const outcomesOf = (key: string) => {
  const address = parseRequestKey(key);
  if (!address) throw new Error(`${key} is not a request's`);
  return outcomeKeys(address);
};

/** Issues whatever is requested, or what a lying bucket would contain. */
export const issue = (world: World, options: CertificateOptions = {}, signer = ca) => {
  world.service = async (key) => {
    const object = world.exchange.json(key) as ApiCsr;
    const csr = Buffer.from(object.spec?.request ?? '', 'base64').toString();
    const usages = object.spec?.signerName === SERVING_SIGNER ? 'serverAuth' : 'clientAuth';
    const pem = await signer.issue(csr, { usages: [usages], ...options });
    world.exchange.seed(outcomesOf(key).certificate, pem);
  };
};

export const violation = (code: string) => ({
  code,
  field: 'commonName',
  got: 'system:node:w-9',
  allowed: 'a node of the cluster record',
  fix: 'add the node',
});

export const reject = (world: World, ...codes: string[]) => {
  world.service = (key) => rejectOne(world, key, codes);
};

export const rejectOne = (world: World, key: string, codes: readonly string[]) =>
  world.exchange.seed(
    outcomesOf(key).rejected,
    JSON.stringify({
      request: key,
      decidedAt: world.time.clock.now().toISOString(),
      violations: codes.map(violation),
      tryAgain: '',
    }),
  );

export const requests = (world: World) =>
  [...world.exchange.objects.keys()].filter((key) => key.startsWith('requests/'));
export const requestIds = (world: World) =>
  requests(world).map((key) => key.split('/').slice(2).join('/'));
export const uidOf = (world: World, name: string) => world.api.csr(name)?.metadata.uid ?? '';
export const eventsOf = (world: World, reason: string) =>
  world.api.events().filter((event) => event.reason === reason);

export const flood = (world: World, count: number) => {
  for (let i = 0; i < count; i += 1) world.api.createCsr(clientCsr(`invented-${i}`, BOOTSTRAP));
};
