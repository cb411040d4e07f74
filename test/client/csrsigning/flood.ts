/** CSRs with invented names, while each call takes its time and the service decides five requests a second. */
import type { ApiCsr } from '../../../client/csrsigning/csr-facts.ts';
import type { KubeClient } from '../../../client/kubernetes/kube-client.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import type { NewCsr } from './api-server.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, TestCa } from './certificates.ts';
import { World } from './world.ts';

const TOKEN = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
const names = [
  { type: 'DNS', value: 'w-1' },
  { type: 'IP', value: '10.20.0.21' },
] as const;

/** Of each call to the API server and to the bucket. */
const CALL_MS = 40;
/** The service's time for a request, of all requests. */
const DECISION_MS = 200;

let ca: TestCa;
beforeAll(async () => {
  ca = await TestCa.make('kubernetes');
});

export const clientCsr = (node: string, by: Partial<NewCsr> = TOKEN): NewCsr => ({
  name: `csr-${node}`,
  signerName: CLIENT_SIGNER,
  request: csrPem({ commonName: `system:node:${node}` }),
  username: `system:node:${node}`,
  groups: ['system:nodes'],
  isApproved: true,
  ...by,
});

const servingCsr = (node: string): NewCsr => ({
  ...clientCsr(node, {}),
  name: `serving-${node}`,
  signerName: SERVING_SIGNER,
  request: csrPem({ commonName: `system:node:${node}`, names }),
  isApproved: false,
});

export class SlowWorld extends World {
  #serviceIsFreeAt = 0;

  constructor() {
    super();
    this.service = (key) => this.#decideLater(key);
  }

  begin() {
    return this.start({
      trust: () => ({ pem: ca.pem }),
      client: this.#slowApi(),
      exchange: this.#slowBucket(),
    });
  }

  /** Milliseconds until a CSR has its certificate. */
  async msUntilIssued(csr: NewCsr, atMost = 120): Promise<number> {
    const from = this.time.nowMs;
    this.api.createCsr(csr);
    await this.advance(atMost, () => this.api.certificate(csr.name) !== undefined);
    return this.time.nowMs - from;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.time.timers.start(ms, resolve);
    });
  }

  #slowApi(): KubeClient {
    const client = this.api.client();
    const slowly = async <T>(call: () => Promise<T>) => {
      await this.#pass(CALL_MS);
      return call();
    };
    return {
      get: (path) => slowly(() => client.get(path)),
      patch: (path, body) => slowly(() => client.patch(path, body)),
      create: (path, body) => slowly(() => client.create(path, body)),
      list: (path, query) => client.list(path, query),
      watch: (path, options) => client.watch(path, options),
    };
  }

  #slowBucket() {
    const { exchange } = this;
    const pass = () => this.#pass(CALL_MS);
    return Object.assign(Object.create(exchange), {
      async get(...args: Parameters<typeof exchange.get>) {
        await pass();
        return exchange.get(...args);
      },
      async create(...args: Parameters<typeof exchange.create>) {
        await pass();
        return exchange.create(...args);
      },
      async *list(...args: Parameters<typeof exchange.list>) {
        await pass();
        yield* exchange.list(...args);
      },
    });
  }

  #decideLater(key: string): void {
    this.#serviceIsFreeAt = Math.max(this.#serviceIsFreeAt, this.time.nowMs) + DECISION_MS;
    this.time.timers.start(this.#serviceIsFreeAt - this.time.nowMs, () => {
      const decided = this.#decide(key).finally(() => this.working.delete(decided));
      this.working.add(decided);
    });
  }

  async #decide(key: string): Promise<void> {
    const address = parseRequestKey(key);
    if (!address) throw new Error(`${key} is not a request's`);
    const { rejected, certificate } = outcomeKeys(address);
    const { metadata, spec } = this.exchange.json(key) as ApiCsr;
    if (metadata?.name?.includes('invented'))
      this.exchange.seed(rejected, rejectionOf(key, this.time.clock.now()));
    else {
      const csr = Buffer.from(spec?.request ?? '', 'base64').toString();
      const usage = spec?.signerName === SERVING_SIGNER ? 'serverAuth' : 'clientAuth';
      this.exchange.seed(certificate, await ca.issue(csr, { usages: [usage] }));
    }
  }
}

const rejectionOf = (request: string, at: Date) =>
  JSON.stringify({
    request,
    decidedAt: at.toISOString(),
    violations: [
      {
        code: 'node-unknown',
        field: 'commonName',
        got: 'system:node:invented',
        allowed: 'a node of the cluster record',
        fix: 'add the node',
      },
    ],
    tryAgain: '',
  });

async function flooded(count: number, secondsBefore: number): Promise<SlowWorld> {
  const world = new SlowWorld();
  world.begin();
  for (let i = 0; i < count; i += 1) world.api.createCsr(clientCsr(`invented-${i}`));
  await world.advance(secondsBefore);
  return world;
}

export const SOON_MS = 10_000;

/** What nodes wait for while the CSRs with invented names are there: what is not soon, by its name. */
export async function waitsInFlood(count: number, seconds: number): Promise<[string, number][]> {
  const world = await flooded(count, seconds);
  world.api.addNode('w-1');
  const took = {
    renewal: await world.msUntilIssued(clientCsr('w-1', {})),
    'first certificate, with the token that the flood came from': await world.msUntilIssued(
      clientCsr('w-2'),
    ),
    'serving certificate': 0,
  };
  world.api.addNode('w-2');
  took['serving certificate'] = await world.msUntilIssued(servingCsr('w-2'));
  return Object.entries(took).filter(([, ms]) => ms >= SOON_MS);
}
