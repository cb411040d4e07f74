/** CSRs for the certificates of refused.ts: Cakeless rejects each, with the appropriate reason. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Received } from '../../../client/node/fetch/receive.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import type { Report } from '../harness/report.ts';
import type { ControlPlane } from './cluster.ts';

export const NOT_ISSUED = 'not issued';

interface Attempt {
  readonly what: string;
  readonly path: string;
  readonly commonName: string;
  readonly extensions: readonly string[];
  readonly code: string;
}

const attempts = (node: string): Attempt[] => [
  {
    what: 'apiserver without SANs',
    path: 'pki/apiserver.csr',
    commonName: 'kube-apiserver',
    extensions: [],
    code: 'san-missing',
  },
  {
    what: 'etcd-server for serverAuth only',
    path: 'pki/etcd/server.csr',
    commonName: node,
    extensions: ['subjectAltName=DNS:localhost', 'extendedKeyUsage=serverAuth'],
    code: 'extension-not-allowed',
  },
  {
    what: 'etcd-peer for serverAuth only',
    path: 'pki/etcd/peer.csr',
    commonName: node,
    extensions: ['subjectAltName=DNS:localhost', 'extendedKeyUsage=serverAuth'],
    code: 'extension-not-allowed',
  },
  {
    what: 'front-proxy-client from ca, under the path of a certificate of ca',
    path: 'pki/apiserver-kubelet-client.csr',
    commonName: 'front-proxy-client',
    extensions: [],
    code: 'subject-common-name',
  },
];

const EXPIRED = 'a certificate that is expired from the start';

export const NOT_ISSUED_CHECKS = [...attempts('').map(({ what }) => what), EXPIRED];

export async function runNotIssued(
  report: Report,
  service: CakelessService,
  plane: ControlPlane,
): Promise<void> {
  const { cluster, first, plan } = plane;
  const place = ['--cluster', cluster, '--node', first.name, '--request', 'hostile'];
  const node = `node:${cluster}/${first.name}`;
  const folder = join(first.folder, 'hostile');
  await report.row(NOT_ISSUED, [plan.release], NOT_ISSUED_CHECKS, async (check) => {
    for (const attempt of attempts(first.name)) await writeCsr(folder, attempt);
    await service.mustCakeless(node, ['submit', folder, ...place]);
    const fetch = ['fetch', ...place, '--out', folder, '-o', 'json'];
    const results: Received[] = JSON.parse(await service.mustCakeless(node, fetch, [3]));
    for (const { what, path, code } of attempts(first.name))
      await check(what, async () => {
        const result = results.find((r) => `${r.path}.csr` === path);
        const violation = result?.violations?.find((v) => v.code === code);
        if (result?.outcome !== 'rejected' || !violation) throw new Error(JSON.stringify(result));
        return `${violation.code}: got ${violation.got}`;
      });
    await check(EXPIRED, () => applyExpired(service, plane, folder));
  });
}

async function writeCsr(folder: string, attempt: Attempt): Promise<void> {
  const file = join(folder, attempt.path);
  mkdirSync(dirname(file), { recursive: true });
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file.replace(/csr$/, 'key')];
  const extensions = attempt.extensions.flatMap((line) => ['-addext', line]);
  const subject = ['-subj', `/CN=${attempt.commonName}`];
  await mustRun(['openssl', 'req', '-new', ...fresh, ...subject, ...extensions, '-out', file]);
}

/** A CSR has no dates. The cluster record has a validity period, which cannot be negative. */
async function applyExpired(
  service: CakelessService,
  { cluster }: ControlPlane,
  folder: string,
): Promise<string> {
  const show = ['cluster', 'show', cluster, '-o', 'json'];
  const record = JSON.parse(await service.mustCakeless('administrator', show));
  const file = join(folder, 'record.json');
  writeFileSync(file, JSON.stringify({ ...record, certificateValidityPeriod: '-24h' }));
  const ran = await service.cakeless('administrator', 'cluster', 'apply', cluster, '-f', file);
  if (ran.exitCode !== 2) throw new Error(`exited with ${ran.exitCode}: ${ran.stderr}`);
  return ran.stderr.trim().replace(/\s+/g, ' ').replace(`${file} is not`, 'is not');
}
