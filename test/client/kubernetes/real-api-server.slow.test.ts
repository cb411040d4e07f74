/** The client and a real API server: what the API does, and what happens when it or the connection fails. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Followed, follow } from '../../../client/kubernetes/follow.ts';
import type { KubeClient, KubeError } from '../../../client/kubernetes/kube-client.ts';
import { openKubeClient } from '../../../client/kubernetes/open-kube-client.ts';
import { etcdProgram, kubernetesProgram, WHOLE_RELEASE } from '../../e2e/harness/programs.ts';
import { PausingProxy } from '../../support/pausing-proxy.ts';
import { RealApiServer, whyNoApiServer } from '../../support/real-api-server.ts';
import { until, untilTrue } from '../../support/until.ts';

interface Csr extends Followed {
  readonly kind: string;
  readonly metadata: Followed['metadata'] & { readonly name: string };
  readonly status: { readonly conditions?: readonly { readonly type: string }[] };
}

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const MAPS = '/api/v1/namespaces/default/configmaps';

const why = whyNoApiServer(WHOLE_RELEASE);
const folder = mkdtempSync(join(tmpdir(), 'real-api-server-'));
const server = new RealApiServer(folder, WHOLE_RELEASE);
const proxy = new PausingProxy(() => server.port);
let admin: KubeClient;
let proxied: string;
let request = '';

const suite = why === undefined ? describe : describe.skip;

suite(`a real API server${why === undefined ? '' : ` (${why})`}`, () => {
  beforeAll(async () => {
    await server.start();
    admin = openKubeClient({ kubeconfig: server.kubeconfig() });
    proxied = server.kubeconfig(await proxy.start());
    request = makeCsr();
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('lists in pages, each item with its kind, and reads one object', async () => {
    const names = Array.from({ length: 1100 }, (_, i) => `page-${i}`);
    await Promise.all(names.map((name) => admin.create(MAPS, { metadata: { name } })));
    const pages: number[] = [];
    const listed: { kind: string; metadata: { name: string } }[] = [];
    for await (const { items } of admin.list<(typeof listed)[0]>(MAPS)) {
      pages.push(items.length);
      listed.push(...items);
    }
    const found = listed.filter(({ metadata }) => metadata.name.startsWith('page-'));
    expect(found.map(({ metadata }) => metadata.name).sort()).toEqual(names.sort());
    expect(new Set(listed.map(({ kind }) => kind))).toEqual(new Set(['ConfigMap']));
    expect(pages.slice(0, 2)).toEqual([500, 500]);
    expect(await admin.get(`${MAPS}/page-1`)).toMatchObject({ metadata: { name: 'page-1' } });
    expect(await admin.get(`${MAPS}/missing`)).toBeUndefined();
  });

  it('patches the status only of the object with that uid, and creates events', async () => {
    const { metadata } = await createCsr('patched');
    const condition = { type: 'Approved', status: 'True', reason: 'Test', message: '' };
    const approve = (uid: string) =>
      admin.patch<Csr>(`${CSRS}/patched/approval`, {
        metadata: { uid },
        status: { conditions: [condition] },
      });
    await expect(approve('0-0-0')).rejects.toMatchObject({
      name: 'KubeError',
      status: 422,
      reason: 'Invalid',
      message: expect.stringContaining('field is immutable'),
    });
    expect((await approve(metadata.uid)).status.conditions).toMatchObject([{ type: 'Approved' }]);
    const { uid } = metadata;
    const event = {
      metadata: { generateName: 'patched.' },
      involvedObject: {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        name: 'patched',
        uid,
      },
      reason: 'Test',
      type: 'Normal',
    };
    expect(await admin.create('/api/v1/namespaces/default/events', event)).toMatchObject(event);
  });

  it('says that a resource version is too old after a compaction', async () => {
    const { metadata } = await createCsr('old');
    await server.stopServer();
    const etcdctl = (...args: string[]) =>
      execFileSync(etcdProgram('etcdctl'), [`--endpoints=${server.etcdEndpoint}`, ...args]);
    etcdctl('put', 'unrelated', '1');
    const [{ Status }] = JSON.parse(etcdctl('endpoint', 'status', '-w', 'json').toString());
    etcdctl('compact', String(Status.header.revision));
    await server.startServer();
    const { signal } = new AbortController();
    const watch = admin.watch(CSRS, { resourceVersion: metadata.resourceVersion, signal });
    const error: KubeError = await watch.next().catch((caught) => caught);
    expect(error).toMatchObject({ name: 'KubeError', status: 410 });
  });

  it('sends bookmarks to a watch that sees no events, often enough', async () => {
    const { metadata } = await createCsr('quiet');
    const { signal } = new AbortController();
    const options = { resourceVersion: metadata.resourceVersion, signal };
    const query = { fieldSelector: 'metadata.name=quiet' };
    const watch = admin.watch<Csr>(CSRS, { ...options, query });
    const first = watch.next();
    let settled = false;
    void first.finally(() => {
      settled = true;
    });
    // the cache of the server has to pass the version from which the watch started, and nothing tells when that was
    await createCsr('noise');
    let change = 0;
    await untilTrue('a bookmark', async () => {
      await admin.patch(`${CSRS}/noise`, { metadata: { labels: { change: `${change++}` } } });
      return settled;
    });
    expect(await first).toMatchObject({ done: false, value: { type: 'BOOKMARK' } });
    await watch.return(undefined);
  }, 200_000);

  describe('followed', () => {
    let following: Following;
    beforeEach(async () => {
      following = new Following();
      await following.sees('listed');
    });
    afterEach(() => following.stop());

    it('reports what is created, changed and deleted', async () => {
      const { metadata } = await createCsr('events');
      await following.sees('events');
      await admin.patch(`${CSRS}/events`, { metadata: { labels: { a: 'b' } } });
      await untilTrue('the change', () => following.count('events') === 2);
      kubectl('delete', 'csr', 'events');
      await following.sees(`-${metadata.uid}`);
      expect(following.calls).toEqual({ lists: 1, watches: 1 });
    });

    it('sees what was created while the API server restarted', async () => {
      await server.stopServer();
      await untilTrue('the failures', () => following.problems.length >= 3);
      await server.startServer();
      await createCsr('after-restart');
      await following.sees('after-restart');
      expect(following.calls.lists).toBeLessThan(15);
    });

    it('sees what comes after an object that is as large as an attacker can make it', async () => {
      // 1.4 MB in etcd, and 9 MB as JSON
      const owner = { apiVersion: 'a/v1', kind: 'A', uid: 'a', name: '<'.repeat(1_450_000) };
      await expect(createCsr('huge', { ownerReferences: [owner] })).rejects.toThrow(/more than/);
      await createCsr('after-huge');
      await following.sees('after-huge');
      expect(following.problems).toEqual([]);
      const listing = new Following();
      await listing.sees('listed');
      await listing.stop();
      expect(listing.log).toEqual(expect.arrayContaining(['huge', 'after-huge']));
      expect(listing.problems).toEqual([]);
      kubectl('delete', 'csr', 'huge');
    });

    it('sees within two minutes what a dead connection did not deliver', async () => {
      const before = { ...following.calls };
      proxy.pauseOpen();
      const start = performance.now();
      await createCsr('behind-the-pause');
      await following.sees('behind-the-pause');
      expect(performance.now() - start).toBeLessThan(120_000);
      // a list may have been under way on the paused connection
      const again = following.problems.filter((one) => /no response within/.test(one)).length;
      expect(following.problems).toHaveLength(again);
      expect(again).toBeLessThanOrEqual(1);
      expect(following.calls.lists - before.lists).toBeLessThanOrEqual(1 + again);
      expect(following.calls.watches - before.watches).toBe(1);
    }, 200_000);
  });
});

class Following {
  readonly log: string[] = [];
  readonly problems: string[] = [];
  readonly calls = { lists: 0, watches: 0 };
  readonly #stopped = new AbortController();
  readonly #result: Promise<void>;

  constructor() {
    const { signal } = this.#stopped;
    const client = openKubeClient({ kubeconfig: proxied }, { signal });
    const counting: Pick<KubeClient, 'list' | 'watch'> = {
      list: (...args) => {
        this.calls.lists += 1;
        return client.list(...args);
      },
      watch: (...args) => {
        this.calls.watches += 1;
        return client.watch(...args);
      },
    };
    const handlers = {
      onObject: ({ metadata }: Csr) => void this.log.push(metadata.name),
      onGone: (uid: string) => void this.log.push(`-${uid}`),
      onListed: () => void this.log.push('listed'),
      onProblem: ({ message }: Error) => void this.problems.push(message),
    };
    this.#result = follow<Csr>(counting, CSRS, handlers, { signal });
  }

  count(line: string): number {
    return this.log.filter((one) => one === line).length;
  }

  async sees(line: string): Promise<void> {
    await until(line, () => (this.log.includes(line) ? true : undefined));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#result;
  }
}

const kubectl = (...args: string[]) =>
  execFileSync(
    kubernetesProgram(WHOLE_RELEASE, 'kubectl'),
    [`--kubeconfig=${server.kubeconfig()}`, ...args],
    { stdio: 'pipe' },
  );

const createCsr = (name: string, more: object = {}) =>
  admin.create<Csr>(CSRS, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, ...more },
    spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
  });

function makeCsr(): string {
  const [key, csr] = ['jane.key', 'jane.csr'].map((name) => join(folder, name)) as [string, string];
  const config = ['-config', join(folder, 'openssl.cnf'), '-subj', '/CN=jane'];
  const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', csr];
  execFileSync('openssl', [...args, ...config], { stdio: 'pipe' });
  return readFileSync(csr).toString('base64');
}
