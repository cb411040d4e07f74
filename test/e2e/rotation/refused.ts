/** After a rotation nothing trusts the old CA: the test signs certificates with its key, and every server refuses them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { Forger } from '../control-plane/forger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines, mustRun, run } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';

export const CA_FILES: Readonly<Partial<Record<CaName, string>>> = {
  ca: 'pki/ca.crt',
  'etcd-ca': 'pki/etcd/ca.crt',
  'front-proxy-ca': 'pki/front-proxy-ca.crt',
};

/** Servers that authenticate clients by the CA, and a path that needs it. */
const SERVERS: Readonly<Partial<Record<CaName, readonly (readonly [number, string])[]>>> = {
  ca: [
    [6443, '/api/v1/namespaces'],
    [10250, '/pods'],
    [10257, '/metrics'],
    [10259, '/metrics'],
  ],
  'etcd-ca': [
    [2379, '/health'],
    [2380, '/members'],
  ],
  'front-proxy-ca': [[6443, '/api/v1/namespaces']],
};

const refused = (title: string) =>
  `${title}: a client certificate of the old CA is refused by every server, and no file has that CA`;
const accepted = (title: string) => `${title}: before, the same kind of certificate was accepted`;

/** @param title the prefix of the checks: the CA, if it is rotated once */
export const refusedChecks = (title: string) => [accepted(title), refused(title)];

export interface OldCa {
  readonly ca: CaName;
  readonly title: string;
  /** Its certificate. */
  readonly caFile: string;
  /** A client with a certificate of it. */
  readonly certificate: string;
  readonly key: string;
  /** Base64 of the middle of the CA certificate, which finds it in any file. */
  readonly line: string;
}

/** @returns the old CA, with a certificate that its servers accept today */
export async function takeOldCa(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
  ca: CaName,
  title: string = ca,
): Promise<OldCa> {
  const caFile = join(folder, `old-${title}.crt`);
  const text = readFileSync(cluster.first.file(CA_FILES[ca] ?? ''), 'utf8');
  writeFileSync(caFile, text);
  const key = join(folder, `forged-${title}.key`);
  await mustRun([
    ...['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-out', key],
  ]);
  const subject = ca === 'front-proxy-ca' ? '/CN=front-proxy-client' : '/O=system:masters/CN=thief';
  const extensions = ['extendedKeyUsage=clientAuth', 'keyUsage=digitalSignature'];
  const forger = new Forger(service.dataDir, join(folder, `forger-${title}`));
  const certificate = join(folder, `forged-${title}.crt`);
  writeFileSync(certificate, await forger.make(caFile, { subject, keyFile: key, extensions }));
  const line = text.split('\n')[4] ?? '';
  const old = { ca, title, caFile, certificate, key, line };
  await check(accepted(title), async () => {
    const seen = await tryAll(cluster, old);
    const not = seen.filter(({ isAccepted }) => !isAccepted);
    if (not.length > 0) throw new Error(not.map(({ words }) => words).join('; '));
    return `${seen.length} servers`;
  });
  return old;
}

export async function checkRefused(check: Check, cluster: WholeCluster, old: OldCa): Promise<void> {
  await check(refused(old.title), async () => {
    const seen = await tryAll(cluster, old);
    const still = seen.filter(({ isAccepted }) => isAccepted);
    if (still.length > 0) throw new Error(still.map(({ words }) => words).join('; '));
    const holders = cluster.everyNode.flatMap((node) =>
      Object.keys(node.files())
        .filter((path) => !path.startsWith('cakeless/'))
        .filter((path) => holds(node.file(path), old.line))
        .map((path) => `${node.name}: ${path}`),
    );
    if (holders.length > 0) throw new Error(holders.join('; '));
    return `${seen.length} servers`;
  });
}

function holds(file: string, line: string): boolean {
  const text = readFileSync(file, 'latin1');
  // kubeconfigs have the PEM text in base64, at any of three offsets
  const inBase64 = [0, 1, 2].map((skip) =>
    Buffer.from(line).subarray(skip).toString('base64').slice(4, 40),
  );
  return [line, ...inBase64].some((part) => text.includes(part));
}

interface Tried {
  readonly isAccepted: boolean;
  readonly words: string;
}

async function tryAll(cluster: WholeCluster, old: OldCa): Promise<Tried[]> {
  const tried: Tried[] = [];
  for (const node of cluster.controlPlanes)
    for (const [port, path] of SERVERS[old.ca] ?? []) {
      const local = port === 10257 || port === 10259;
      const url = `https://${local ? '127.0.0.1' : node.address}:${port}${path}`;
      const headers = old.ca === 'front-proxy-ca' ? FRONT_PROXY : [];
      const ran = await run(
        node.machine.inside([
          ...['curl', '--http1.1', '--silent', '--show-error', '--insecure', '--max-time', '20'],
          ...['--cert', old.certificate, '--key', old.key, ...headers],
          ...['--output', '/dev/null', '--write-out', '%{http_code}', url],
        ]),
      );
      const status = ran.stdout.trim();
      const isAccepted = ran.exitCode === 0 && status !== '401';
      const words = `${node.name}:${port} ${isAccepted ? 'accepts' : 'refuses'} it: ${status} ${lastLines(ran)}`;
      tried.push({ isAccepted, words });
    }
  return tried;
}

const FRONT_PROXY = [
  ...['--header', 'X-Remote-User: thief'],
  ...['--header', 'X-Remote-Group: system:masters'],
];
