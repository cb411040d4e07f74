/** What a node reports about a rotation: proofs by its own etcd, the start of its processes, and what is left. */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCertificates, sha256Of } from '../../../../client/node/disk/fingerprints.ts';
import { gatherEvidence } from '../../../../client/node/evidence/gather-evidence.ts';
import type { KnownStart } from '../../../../client/node/evidence/known-starts.ts';
import { noteStarts } from '../../../../client/node/evidence/note-starts.ts';
import { recallEvidence } from '../../../../client/node/evidence/recall-evidence.ts';
import { findStarted } from '../../../../client/node/evidence/started-components.ts';
import { collectReport, textOfReport } from '../../../../client/node/report/collect.ts';
import { rememberRenewal } from '../../../../client/node/report/last-renewal.ts';
import { rememberRotation } from '../../../../client/node/state/rotation-memory.ts';
import { MAX_REPORT_BYTES, nodeReportSchema } from '../../../../lib/contract/node-report.ts';
import type { PublishedRotation } from '../../../../lib/contract/published-rotation.ts';
import type { RotationPhase } from '../../../../lib/contract/rotation-phases.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-evidence-'));
const node = new OpensslNode(join(root, 'kubernetes'));
const at = (file: string) => join(node.folder, file);
const folders = { kubeconfigDir: node.folder, certDir: at('pki') };
const stateDir = at('cakeless');
const proc = join(root, 'proc');
const NOW = new Date('2027-03-01T12:00:00.000Z');
const UPTIME_S = 1000;
let to = '';
let server: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  node.makeCa('etcd/ca', 'etcd-ca');
  node.makeCa('ca', 'kubernetes');
  const both = { ca: 'etcd/ca', usages: 'serverAuth,clientAuth', names: 'IP:127.0.0.1' } as const;
  node.makeLeaf({ path: 'pki/etcd/server', subject: '/CN=cp-1', ...both });
  const pem = readFileSync(at('pki/etcd/ca.crt'), 'utf8');
  to = parseCertificates(pem).map(sha256Of).join();
  server = createServer(
    {
      key: readFileSync(at('pki/etcd/server.key')),
      cert: readFileSync(at('pki/etcd/server.crt')),
      ca: pem,
      requestCert: true,
    },
    (_, response) => void response.end('{}'),
  );
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(root, { recursive: true });
});

/** @param ticks hundredths of a second from boot to its start */
function run(component: string, pid: number, ticks: number): void {
  const folder = join(proc, String(pid));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'cmdline'), `${component}\0--config=${node.folder}/x\0`);
  const fields = ['S', ...Array.from({ length: 18 }, () => '1'), String(ticks), '0'];
  writeFileSync(join(folder, 'stat'), `${pid} (${component}) ${fields.join(' ')}\n`);
  writeFileSync(join(folder, 'status'), 'Uid:\t0\t0\t0\t0\n');
}

/** Of this boot, and no other: another machine has another one, too. */
function boot(id: string): void {
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/random/boot_id'), `${id}\n`);
}

function manifest(component: string, ...words: string[]): void {
  mkdirSync(at('manifests'), { recursive: true });
  const command = [component, ...words.map((word) => `--${word}`)];
  const containers = [{ image: `registry.k8s.io/${component}:v1.35.4`, command }];
  writeFileSync(at(`manifests/${component}.yaml`), JSON.stringify({ spec: { containers } }));
}

let store: MemoryStore;
let requests: string[];
/** What the service writes for a request. */
let respond: (request: string) => void;

beforeEach(() => {
  rmSync(proc, { recursive: true, force: true });
  rmSync(stateDir, { recursive: true, force: true });
  rmSync(at('manifests'), { recursive: true, force: true });
  mkdirSync(proc);
  writeFileSync(join(proc, 'uptime'), `${UPTIME_S}.00 1.00\n`);
  boot('one');
  const url = `https://127.0.0.1:${port}`;
  manifest('etcd', `listen-client-urls=${url}`, `listen-peer-urls=${url}`);
  run('etcd', 10, 5000);
  connections = 0;
  requests = [];
  respond = issue('etcd/ca');
  store = new MemoryStore();
  store.interrupt = (point, key) => {
    if (point !== 'after create' || !key.startsWith('requests/')) return;
    requests.push(key);
    respond(key);
  };
});

const outcomeOf = (request: string, suffix: string) =>
  request.replace('requests/', 'certificates/').replace(/\.csr$/, suffix);

/** @param ca that signs */
const issue = (ca: string) => (request: string) => {
  const csr = join(root, 'csr');
  writeFileSync(csr, store.objects.get(request)?.body ?? '');
  writeFileSync(
    join(root, 'ext'),
    'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n',
  );
  const signer = ['-CA', at(`pki/${ca}.crt`), '-CAkey', at(`pki/${ca}.key`), '-set_serial', '7'];
  const args = ['x509', '-req', '-in', csr, '-days', '1', '-sha256', ...signer];
  const cert = execFileSync('openssl', [...args, '-extfile', join(root, 'ext')], { stdio: 'pipe' });
  // a cross certificate, or anything else, behind the leaf proves nothing about the server
  store.seed(outcomeOf(request, '.crt'), cert.toString() + readFileSync(at('pki/ca.crt'), 'utf8'));
};

const version = (sha256: string, number: number) => ({
  version: number,
  sha256,
  publicKeySha256: sha256,
});
function published(phase?: RotationPhase, more = {}): PublishedRotation {
  const sides = { from: version('a'.repeat(64), 1), to: version(to, 2) };
  const since = '2027-02-01T00:00:00Z';
  return {
    trustDomain: 'prod',
    sequence: 3,
    at: since,
    ...(phase && { rotation: { ca: 'etcd-ca', phase, since, compromised: false, ...sides } }),
    ended: [],
    ...more,
  };
}

async function gather(rotation: PublishedRotation, left: string[] = []) {
  const { sequence, rotation: { ca, phase } = {} } = rotation;
  const memory = { sequence, ...(ca && { ca }), ...(phase && { phase }), left };
  const rest = { trustDomain: 'prod', gone: [], compromised: [], dropped: [] };
  await rememberRotation(stateDir, { ...rest, ...memory });
  let passed = 0;
  const clock = {
    now: () => new Date(),
    monotonic: () => passed,
    sleep: async (ms: number) => {
      passed += ms;
    },
  };
  const terminal = { print: () => undefined, progress: () => undefined };
  const deps = { folders, stateDir, clock, terminal, proc, probeTimeoutMs: 60_000 };
  const place = { cluster: 'prod', node: 'cp-1' };
  const gathered = await gatherEvidence({ ...deps, exchange: async () => store }, place, {
    published: rotation,
    memory,
  });
  return gathered.evidence;
}

const recall = (now = new Date()) => recallEvidence({ folders, stateDir, proc }, now)?.evidence;

const accepted = (component: string) => ({
  component,
  address: `127.0.0.1:${port}`,
  result: 'accepted',
});

it('proves both ports of etcd with one certificate, whose key is not written', async () => {
  const evidence = await gather(published('trust'), ['a sentence of the run']);
  expect(evidence).toMatchObject({
    sequence: 3,
    ca: 'etcd-ca',
    phase: 'trust',
    proved: [accepted('etcd'), accepted('etcd-peer')],
    left: ['a sentence of the run'],
  });
  expect(requests).toEqual([
    expect.stringMatching(/^requests\/prod\/cp-1\/[^/]+\/probe-etcd-ca\.csr$/),
  ]);
  const written = readdirSync(stateDir).map((name) => readFileSync(join(stateDir, name), 'utf8'));
  expect(written.join()).toMatch(/probe|etcd/);
  expect(written.join()).not.toContain('PRIVATE KEY');
});

describe('the next run', () => {
  beforeEach(() => gather(published('trust')));

  it('asks nothing again: report and check-expiration have the same proofs', async () => {
    const before = connections;
    const again = await gather(published('trust'));
    expect([requests.length, connections]).toEqual([1, before]);
    expect(recall()).toMatchObject({ proved: again.proved });
  });

  it.each<[string, () => PublishedRotation]>([
    [
      'etcd was restarted',
      () => {
        run('etcd', 10, 6000);
        return published('trust');
      },
    ],
    [
      'etcd is not visible among the processes',
      () => {
        rmSync(join(proc, '10'), { recursive: true });
        return published('trust');
      },
    ],
    [
      'the folder is on another machine, on which etcd has the same id and start',
      () => {
        boot('another');
        return published('trust');
      },
    ],
    ['the rotation began again', () => published('trust', { sequence: 5 })],
  ])('proves them again if %s', async (_, change) => {
    expect((await gather(change())).proved).toHaveLength(2);
    expect(requests).toHaveLength(2);
  });

  it.each<[string, () => void]>([
    ['etcd was restarted', () => run('etcd', 10, 6000)],
    ['the folder is on another machine', () => boot('another')],
    [
      'the CA file was changed',
      () => {
        const [file, other] = [at('pki/etcd/ca.crt'), readFileSync(at('pki/ca.crt'), 'utf8')];
        writeFileSync(file, other + readFileSync(file, 'utf8'));
      },
    ],
  ])('reports no proof of the last one if %s', (_, change) => {
    const before = readFileSync(at('pki/etcd/ca.crt'), 'utf8');
    expect(recall()?.proved).toHaveLength(2);
    change();
    expect(recall()?.proved).toEqual([]);
    writeFileSync(at('pki/etcd/ca.crt'), before);
  });
});

it.each<[string, () => PublishedRotation]>([
  ['after phase trust', () => published('issue')],
  ['in a stable trust domain', () => published()],
  [
    'before its CA file has the new CA',
    () => {
      const rotation = published('trust');
      if (rotation.rotation) rotation.rotation.to = version('b'.repeat(64), 2);
      return rotation;
    },
  ],
])('requests no probe %s', async (_, change) => {
  expect((await gather(change())).proved).toEqual([]);
  expect(requests).toEqual([]);
});

it.each<[string, (request: string) => void, RegExp]>([
  ['no outcome', () => undefined, /^probe-etcd-ca: the service wrote no outcome within 60s$/],
  [
    'a rejection',
    (request) => {
      const violation = { code: 'PHASE', field: 'phase', got: 'issue', allowed: 'trust', fix: 'x' };
      const document = { request, decidedAt: 'x', violations: [violation], tryAgain: 'x' };
      store.seed(outcomeOf(request, '.rejected.json'), JSON.stringify(document));
    },
    /^probe-etcd-ca: its request is rejected: PHASE: phase is issue; allowed: trust$/,
  ],
  [
    'a certificate of another CA',
    (request) => issue('ca')(request),
    /^probe-etcd-ca: no CA of the trust bundle signed it$/,
  ],
  [
    'something else',
    (request) => store.seed(outcomeOf(request, '.crt'), 'x'),
    /^probe-etcd-ca: it is not a PEM certificate$/,
  ],
  [
    'a failure',
    () => {
      throw new Error('the bucket is gone');
    },
    /^probe-etcd-ca: the bucket is gone$/,
  ],
])('says so if the service has %s for a probe', async (_, change, expected) => {
  respond = change;
  const { proved, left } = await gather(published('trust'));
  expect([proved, left]).toEqual([[], [expect.stringMatching(expected)]]);
});

describe('the start of a component', () => {
  const changedAt = () => statSync(at('pki/etcd/ca.crt')).ctimeMs;
  let original = '';
  beforeAll(() => {
    original = readFileSync(at('pki/etcd/ca.crt'), 'utf8');
  });
  const textOf = (name: string) =>
    name === 'etcd/ca' ? original : readFileSync(at(`pki/${name}.crt`), 'utf8');
  const writeCas = (...names: string[]) =>
    writeFileSync(at('pki/etcd/ca.crt'), names.map(textOf).join(''));
  afterEach(() => writeCas('etcd/ca'));
  /** @param ms after the change of the CA file */
  const startedAfterChange = (ms: number) => {
    run('etcd', 10, 0); // with the machine
    return new Date(changedAt() + ms + UPTIME_S * 1000);
  };

  it.each([
    ['after its CA file changed', 1000, true],
    ['before that', -20, false],
  ])('%s', (_, ms, isSince) => {
    const now = startedAfterChange(ms);
    const filesChangedAt = new Date(changedAt()).toISOString();
    const { started, waiting } = findStarted('etcd-ca', folders, now, { proc });
    expect(started).toMatchObject([{ component: 'etcd', isSince, filesChangedAt }]);
    const waits = {
      ...{ component: 'etcd', state: 'not-restarted', since: filesChangedAt },
      why: `etcd has run since ${started[0]?.startedAt}, but its CA files changed at ${filesChangedAt}, and it reads them only when it starts`,
      fix: expect.stringContaining(`move etcd.yaml out of ${at('manifests')}`),
    };
    expect(waiting).toEqual(isSince ? [] : [waits]);
  });

  it.each<[string, () => void, boolean]>([
    ['the order of the certificates changes', () => writeCas('ca', 'etcd/ca'), true],
    ['a certificate is added', () => writeCas('etcd/ca', 'ca', 'etcd/server'), false],
    ['a certificate is dropped', () => writeCas('ca'), false],
    ['another process runs', () => run('etcd', 10, 1), false],
    ['its folder is on another machine', () => boot('another'), false],
  ])('counts for what the process has read: %s', (_, change, isSince) => {
    writeCas('etcd/ca', 'ca');
    const { starts } = findStarted('etcd-ca', folders, startedAfterChange(1000), { proc });
    expect(starts).toMatchObject([{ component: 'etcd', processes: ['one/10:0'] }]);
    change();
    const now = new Date(changedAt() - 20 + UPTIME_S * 1000);
    const [started] = findStarted('etcd-ca', folders, now, { proc, known: starts }).started;
    expect(started?.isSince).toBe(isSince);
    // without the memory the time of the file decides
    expect(findStarted('etcd-ca', folders, now, { proc }).started[0]?.isSince).toBe(false);
  });

  it('is noted before its files change, for somebody may have restarted it since the last run', async () => {
    writeCas('etcd/ca', 'ca');
    const now = startedAfterChange(1000);
    await noteStarts({ folders, stateDir, proc, clock: { now: () => now } }, 'etcd-ca');
    writeCas('ca', 'etcd/ca');
    const nothing = { gone: [], compromised: [], dropped: [], left: [] };
    const memory = { trustDomain: 'prod', sequence: 2, ca: 'etcd-ca', phase: 'issue' } as const;
    await rememberRotation(stateDir, { ...memory, ...nothing });
    const later = new Date(changedAt() - 20 + UPTIME_S * 1000);
    expect(recall(later)?.started).toMatchObject([{ component: 'etcd', isSince: true }]);
  });

  it('does not count by its time if the clock was behind when the files changed', async () => {
    writeCas('etcd/ca', 'ca');
    const now = startedAfterChange(1000);
    const look = (at: Date, known?: readonly KnownStart[]) =>
      findStarted('etcd-ca', folders, at, { proc, ...(known && { known }) });
    const { starts } = look(now);
    writeCas('ca');
    // the clock is right again: the process seems to be younger than the files
    const right = new Date(now.getTime() + 3_600_000);
    const wrong = look(right, starts);
    expect(wrong.started).toMatchObject([{ component: 'etcd', isSince: false }]);
    expect(look(right, wrong.starts).started).toMatchObject([{ isSince: false }]);
    run('etcd', 10, 1);
    expect(look(right, wrong.starts).started).toMatchObject([{ isSince: true }]);
  });

  it('waits for the right time of the files, if the clock was ahead when they changed', () => {
    run('etcd', 10, 90_000);
    const before = new Date(changedAt() - 3_600_000);
    const { waiting } = findStarted('etcd-ca', folders, before, { proc });
    expect(waiting).toMatchObject([
      {
        state: 'not-restarted',
        fix: expect.stringMatching(
          /^the clock of this node was ahead then: run touch \S+ca\.crt, then restart it: move/,
        ),
      },
    ]);
  });

  it('is that of its oldest process', () => {
    run('etcd', 11, 90_000);
    const [started] = findStarted('etcd-ca', folders, NOW, { proc }).started;
    expect(started?.startedAt).toBe('2027-03-01T11:44:10.000Z'); // 950 s ago
  });

  it('is unknown if it is not visible, and said to be', () => {
    rmSync(join(proc, '10'), { recursive: true });
    expect(findStarted('etcd-ca', folders, NOW, { proc })).toEqual({
      started: [],
      starts: [],
      waiting: [
        {
          component: 'etcd',
          state: 'not-running',
          since: new Date(changedAt()).toISOString(),
          why: expect.stringMatching(
            /^etcd was not found among the processes .*, which changed at /,
          ),
          fix: expect.stringMatching(/^find out with crictl logs/),
        },
      ],
    });
  });

  it('does not matter for what reads its CA files again', () => {
    expect(findStarted('front-proxy-ca', folders, NOW, { proc }).started).toEqual([]);
  });

  it('of the kubelet is that of this machine only if its folder is known', () => {
    run('kubelet', 12, 90_000);
    const of = (kubeletDir?: string) =>
      findStarted('ca', { ...folders, kubeletDir }, NOW, { proc }).started;
    expect([of(), of('/var/lib/kubelet/pki')]).toMatchObject([[], [{ component: 'kubelet' }]]);
  });
});

it('is a report of a bounded size, whatever is left', async () => {
  const left = Array.from({ length: 300 }, () => 'x'.repeat(1000));
  const rotation = await gather(published('trust'), left);
  const about = { cluster: 'prod', node: 'cp-1', folders, stateDir };
  const report = collectReport(about, 'renew', [], NOW, rotation);
  expect(nodeReportSchema.safeParse(report).success).toBe(true);
  expect(textOfReport(report).length).toBeLessThanOrEqual(MAX_REPORT_BYTES);
  expect(report.rotation?.proved).toHaveLength(2);
  expect(report.caFiles).not.toEqual([]);
});

it.each([
  ['this node', 'cp-1', true],
  ['another node, whose folder was copied', 'cp-2', false],
])('has the last renewal of %s: %s, %s', async (_, who, isReported) => {
  const about = { cluster: 'prod', node: 'cp-1', folders, stateDir };
  await rememberRenewal(stateDir, { at: 'x', exitCode: 9, cluster: 'prod', node: who });
  expect(collectReport(about, 'renew', [], NOW).renewal !== undefined).toBe(isReported);
});

it('is absent on a node that has seen no rotation', () => {
  expect(recall(NOW)).toBeUndefined();
});
