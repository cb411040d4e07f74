/** The matrix: release × kind of key × situation. kubeadm makes CSRs, Cakeless signs, kubeadm and three judges check. */
import { join } from 'node:path';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { certify, completeKubeconfigs, installTrust, type NodePlace } from '../harness/certify.ts';
import { minorOf } from '../harness/programs.ts';
import type { Check, Report } from '../harness/report.ts';
import type { Cell } from './cells.ts';
import { configuration, generatedKeyKind, type KeyKind, NODE } from './configurations.ts';
import { checkExpirations } from './expirations.ts';
import { comparable, complaints, keyKindOf, readInstalled, withForeignKey } from './installed.ts';
import { KubeadmRoot } from './kubeadm-root.ts';
import { renewWithCsrOnly } from './renew-csr-only.ts';

export const MATRIX = 'matrix';
export const MATRIX_HEADER = ['KUBEADM', 'KEY', 'SITUATION', 'MADE BY'];
export const MATRIX_CHECKS = [
  'asked',
  'signed',
  'phases',
  'expiry',
  'json',
  'renew',
  'judges',
  'as kubeadm',
];

/** `check-expiration -o json` came with 1.30. */
export const checksOf = ({ release }: Cell): string[] =>
  MATRIX_CHECKS.filter((name) => name !== 'json' || minorOf(release) >= 30);

/** One cell, with the CSRs of `certs generate-csr`; with 1.22 also its renewal by `certs renew --csr-only`. */
export async function runCell(
  report: Report,
  service: CakelessService,
  folder: string,
  cell: Cell,
): Promise<void> {
  const { release, kind, situation } = cell;
  const name = [release, kind, situation.name].join('-').toLowerCase();
  const place = { cluster: name, trustDomain: 'matrix', node: NODE };
  const root = new KubeadmRoot(
    join(folder, name),
    release,
    configuration(release, kind, situation),
  );
  try {
    const row = [release, kind, situation.name];
    await report.row(MATRIX, [...row, 'generate-csr'], checksOf(cell), async (check) => {
      await check('asked', () => generateCsrs(root, cell));
      await check('signed', () => sign(service, root, place));
      await judge(check, root, cell, (name) => generatedKeyKind(release, kind, name));
    });
    if (minorOf(release) <= 22)
      await report.row(MATRIX, [...row, 'renew --csr-only'], checksOf(cell), async (check) => {
        await renewWithCsrOnly(check, service, root, place);
        // `renew` does not renew kubelet.conf
        const renewed = (name: string) =>
          name === 'kubelet.conf' ? generatedKeyKind(release, kind, name) : kind;
        await judge(check, root, cell, renewed);
      });
  } finally {
    root.remove();
  }
}

async function generateCsrs(root: KubeadmRoot, { release }: Cell): Promise<string> {
  await root.kubeadm('certs', 'generate-csr');
  const csrs = root.files().filter((path) => path.endsWith('.csr'));
  const expected = minorOf(release) >= 29 ? 12 : 11;
  if (csrs.length !== expected) throw new Error(`${csrs.length} CSRs: ${csrs.join(', ')}`);
  return `${csrs.length} CSRs`;
}

async function sign(
  service: CakelessService,
  root: KubeadmRoot,
  place: NodePlace,
): Promise<string> {
  const { cluster, trustDomain } = place;
  const from = ['--kubeadm-config', root.configFile, '--trust-domain', trustDomain];
  await service.mustCakeless('administrator', ['cluster', 'apply', cluster, ...from]);
  const issued = await certify(service, place, root.kubernetesDir, 'first');
  await installTrust(service, place, root.file('pki'));
  completeKubeconfigs(root.kubernetesDir);
  return `${issued.length} certificates`;
}

/** Real kubeadm and the judges check the files. kubeadm must not change any of them. */
async function judge(
  check: Check,
  root: KubeadmRoot,
  cell: Cell,
  kindFor: (name: string) => KeyKind,
): Promise<void> {
  const before = JSON.stringify(root.digests());
  const unchanged = () => {
    if (JSON.stringify(root.digests()) !== before) throw new Error('kubeadm changed files');
    const keys = root.caKeys();
    if (keys.length > 0) throw new Error(`CA keys on the node: ${keys.join(', ')}`);
  };
  await check('phases', async () => {
    await root.kubeadm('init', 'phase', 'certs', 'all');
    await root.kubeadm('init', 'phase', 'kubeconfig', 'all');
    unchanged();
    return 'certs all, kubeconfig all';
  });
  await checkExpirations(check, root, cell);
  await check('renew', async () => {
    const output = await root.kubeadm('certs', 'renew', 'all');
    if (!/external/i.test(output)) throw new Error(output);
    unchanged();
    return output.split('\n').find((line) => /external/i.test(line));
  });
  await check('judges', async () => judges(root, kindFor));
  await check('as kubeadm', () => compareWithKubeadms(root, cell));
}

async function judges(root: KubeadmRoot, kindFor: (name: string) => KeyKind): Promise<string> {
  const installed = readInstalled(root.kubernetesDir);
  const otherKind = installed.filter((c) => keyKindOf(c.certificate) !== kindFor(c.name));
  const wrong = [
    ...complaints(installed),
    ...otherKind.map(({ name, certificate }) => `${name}: has a key of ${keyKindOf(certificate)}`),
    ...withForeignKey(installed).map((name) => `${name}: the key next to it does not match`),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('; '));
  return `OpenSSL, Go and zlint accept ${installed.length} certificates`;
}

/** The same kubeadm with the same configuration and its own CAs: its certificates have the same contents as ours. */
async function compareWithKubeadms(
  root: KubeadmRoot,
  { release, kind, situation }: Cell,
): Promise<string> {
  const own = new KubeadmRoot(
    `${root.folder}-own`,
    release,
    configuration(release, kind, situation),
  );
  try {
    if (!situation.externalEtcd) await own.kubeadm('init', 'phase', 'certs', 'all');
    else await makeWithoutEtcd(own);
    await own.kubeadm('init', 'phase', 'kubeconfig', 'all');
    const theirs = readInstalled(own.kubernetesDir);
    const ours = readInstalled(root.kubernetesDir);
    const different = theirs.filter(({ name, certificate }) => {
      const mine = ours.find((candidate) => candidate.name === name);
      return !mine || comparable(mine.certificate) !== comparable(certificate);
    });
    if (different.length > 0) throw new Error(`differ: ${different.map((c) => c.name).join(', ')}`);
    return `${theirs.length} have the same subject, names and usages`;
  } finally {
    own.remove();
  }
}

/** kubeadm expects the client certificate of an external etcd to exist, and makes everything else. */
async function makeWithoutEtcd(own: KubeadmRoot): Promise<void> {
  for (const phase of [
    'ca',
    'apiserver',
    'apiserver-kubelet-client',
    'front-proxy-ca',
    'front-proxy-client',
  ])
    await own.kubeadm('init', 'phase', 'certs', phase);
}
