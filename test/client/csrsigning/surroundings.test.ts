/** What people and programs see of the forwarder: health, metrics, the log, and the CA files that it reads. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningHealthServer, serveHealth } from '../../../client/csrsigning/health-server.ts';
import { newLog, quiet } from '../../../client/csrsigning/log.ts';
import { METRIC_NAMES, Metrics } from '../../../client/csrsigning/metrics.ts';
import { trustIn } from '../../../client/csrsigning/trust.ts';
import { TestCa } from './certificates.ts';

describe('the health server', () => {
  let server: RunningHealthServer;
  let unhealthy: string | undefined;
  let unready: string | undefined;
  beforeAll(async () => {
    const source = {
      unhealthy: () => unhealthy,
      unready: () => unready,
      metrics: () => 'up 1\n',
    };
    server = await serveHealth(source, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.close());

  const call = (path: string, method = 'GET') =>
    new Promise<string>((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
      });
      call.on('error', reject);
      call.end();
    });

  it.each<[string, string | undefined, string | undefined, string]>([
    ['/healthz', undefined, 'no bucket', '200 ok\n'],
    ['/healthz', 'the loop is dead', undefined, '503 the loop is dead\n'],
    ['/readyz', undefined, undefined, '200 ok\n'],
    ['/readyz', undefined, 'no bucket', '503 no bucket\n'],
    ['/readyz?verbose', 'the loop is dead', undefined, '503 the loop is dead\n'],
    ['/metrics', 'the loop is dead', 'no bucket', '200 up 1\n'],
    ['/', undefined, undefined, '404 not found\n'],
  ])('%s with %s and %s: %s', async (path, notHealthy, notReady, expected) => {
    [unhealthy, unready] = [notHealthy, notReady];
    expect(await call(path)).toBe(expected);
  });

  it('answers only GET', async () => {
    expect(await call('/metrics', 'POST')).toBe('405 only GET\n');
  });

  it('an address that is in use is a usage error, with a hint', async () => {
    const again = serveHealth(
      { unhealthy: () => undefined, unready: () => undefined, metrics: () => '' },
      { host: '127.0.0.1', port: server.port },
    );
    await expect(again).rejects.toMatchObject({
      code: 'usage',
      message: `--health-address 127.0.0.1:${server.port}: address is in use`,
      hint: expect.stringContaining('--health-address'),
    });
  });
});

describe('metrics', () => {
  const gauges = {
    pending: [{ labels: { signer: 'a"b\\c\nd' }, value: 2 }],
    oldest_pending_seconds: [{ value: 1.5 }],
    tracked: [{ value: 3 }],
    last_list_timestamp: [{ value: 0 }],
    last_report_timestamp: [{ value: 0 }],
    exchange_reachable: [{ value: 1 }],
  };

  it('are in the text format, with escaped labels', () => {
    const metrics = new Metrics();
    metrics.count('requests_total', { signer: 's', outcome: 'issued' });
    metrics.count('requests_total', { signer: 's', outcome: 'issued' });
    metrics.observeDuration(0.7);
    metrics.observeDuration(100);
    const lines = metrics.text(gauges).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'cakeless_csrsigning_requests_total{signer="s",outcome="issued"} 2',
        'cakeless_csrsigning_pending{signer="a\\"b\\\\c\\nd"} 2',
        'cakeless_csrsigning_duration_seconds_bucket{le="0.5"} 0',
        'cakeless_csrsigning_duration_seconds_bucket{le="1"} 1',
        'cakeless_csrsigning_duration_seconds_bucket{le="+Inf"} 2',
        'cakeless_csrsigning_duration_seconds_sum 100.7',
        'cakeless_csrsigning_duration_seconds_count 2',
      ]),
    );
  });

  it('have a limited number of series, whatever codes the bucket has', () => {
    const metrics = new Metrics();
    for (let i = 0; i < 1000; i += 1) metrics.countCode(`invented-${i}`);
    const series = metrics.text(gauges).match(/attempts_total\{.*/g) ?? [];
    expect(series).toHaveLength(101);
    expect(series.at(-1)).toBe('attempts_total{code="other"} 900');
  });

  it('are all on the page about the certificates API', () => {
    const page = readFileSync('docs/certificates-api.md', 'utf8');
    const documented = new Set(page.match(/cakeless_csrsigning_[a-z_]+/g));
    expect([...documented].sort()).toEqual([...METRIC_NAMES].sort());
  });
});

describe('the log', () => {
  const written = (format: 'text' | 'json') => {
    const lines: string[] = [];
    const at = () => new Date('2026-11-24T12:00:00Z');
    const log = newLog({ progress: (line) => void lines.push(line) }, format, at);
    log('info', 'issued', { csr: 'csr-1', commonName: 'a b', attempt: 2 });
    return lines;
  };

  it('has one line for each event, as text', () => {
    expect(written('text')).toEqual([
      '2026-11-24T12:00:00.000Z info issued csr=csr-1 commonName="a b" attempt=2',
    ]);
  });
  it('has one document for each event, as JSON', () => {
    expect(written('json').map((line) => JSON.parse(line))).toEqual([
      {
        time: '2026-11-24T12:00:00.000Z',
        level: 'info',
        message: 'issued',
        csr: 'csr-1',
        commonName: 'a b',
        attempt: 2,
      },
    ]);
  });
  it('repeats a message at most once a minute', () => {
    const lines: string[] = [];
    let now = 0;
    const log = quiet(
      (_, message) => void lines.push(message),
      () => now,
    );
    for (; now < 120_000; now += 1000) log('warning', 'no network');
    expect(lines).toHaveLength(2);
  });
});

describe('the CA files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'csrsigning-trust-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are read for each certificate; serving certificates have their own CA if its file exists', async () => {
    const trust = trustIn(folder);
    expect(trust('user')).toEqual({ problem: `${join(folder, 'ca.crt')}: does not exist` });
    const ca = (await TestCa.make('kubernetes')).pem;
    writeFileSync(join(folder, 'ca.crt'), ca);
    expect(trust('kubelet-client')).toEqual({ pem: ca });
    expect(trust('kubelet-serving')).toEqual({ pem: ca });
    const kubeletCa = (await TestCa.make('kubelets')).pem;
    writeFileSync(join(folder, 'kubelet-ca.crt'), kubeletCa);
    expect(trust('kubelet-serving')).toEqual({ pem: kubeletCa });
    expect(trust('kubelet-client')).toEqual({ pem: ca });
    writeFileSync(join(folder, 'kubelet-ca.crt'), 'half a file');
    expect(trust('kubelet-serving')).toEqual({
      problem: `${join(folder, 'kubelet-ca.crt')}: no PEM certificate`,
    });
  });
});
