/**
 * `ca` moves below a corporate root, and is then rotated to another CA below it, as docs/corporate-root.md describes it. A client
 * that knows only the root connects once the API server's certificate is renewed after the move, and throughout the second
 * rotation.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CorporatePki } from '../../support/corporate-pki.ts';
import { until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { caFileOn, requireCertificates } from './ca-files.ts';
import { TURNING } from './plan.ts';
import { CODES, type Phase, step } from './turn.ts';

const CA = 'ca';
const TURNS = ['moved below a corporate root', 'rotated below it'] as const;
type Turn = (typeof TURNS)[number];

const imported = (turn: Turn) => `subordinate: ${turn}: a CSR, and the import of its certificate`;
const TURNED: Readonly<Record<Turn, string>> = {
  'moved below a corporate root': 'subordinate: moved below a corporate root: all phases',
  'rotated below it': 'subordinate: rotated below it: all phases, and curl with the root in each',
};

export const SUBORDINATE_CHECKS = TURNS.flatMap((turn) => [imported(turn), TURNED[turn]]);

const PHASES: readonly Phase[] = ['trust', 'issue', 'retire', 'stable'];
const CERTIFICATES: Readonly<Record<Phase, number>> = { trust: 2, issue: 2, retire: 1, stable: 1 };

export async function checkSubordinate(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  const pki = new CorporatePki(join(folder, 'corporate'));
  const root = cluster.first.bring('corporate-root.pem', pki.certificate('root'));
  for (const turn of TURNS) {
    let certificate = '';
    await check(imported(turn), async () => {
      certificate = await importNext(cluster, service, pki, folder);
      return new X509Certificate(certificate).fingerprint256;
    });
    const isBelow = turn === 'rotated below it';
    await check(TURNED[turn], async () => {
      const walked = await walk(
        cluster,
        service,
        isBelow ? () => connect(cluster, root) : undefined,
      );
      // what was issued in issue leads to the old CA first, where curl does not find its root
      if (!isBelow) await renewApiServer(cluster.first);
      await connect(cluster, root);
      if (caFileOn(cluster.first, CA).trim() !== certificate.trim())
        throw new Error(`another CA is left: ${caFileOn(cluster.first, CA)}`);
      return walked;
    });
  }
}

async function walk(
  cluster: WholeCluster,
  service: CakelessService,
  inEach?: () => Promise<unknown>,
): Promise<string> {
  const seen: string[] = [];
  await inEach?.();
  for (const phase of PHASES) {
    seen.push(`${phase} ${await step(cluster, service, CA, phase)}`);
    requireCertificates(cluster, CA, CERTIFICATES[phase]);
    await inEach?.();
  }
  return seen.join(', ');
}

const connect = ({ first }: WholeCluster, root: string) =>
  until('curl with the root', () =>
    first.shell(
      `curl --http1.1 --silent --show-error --fail --max-time 20 --cacert ${root} https://${first.address}:6443/version`,
    ),
  );

const renewApiServer = (node: KubeadmNode) =>
  node.cakeless(['renew', 'apiserver', '--cluster', node.cluster, '--node', node.name], [...CODES]);

/** @returns PEM of the certificate of the new version */
async function importNext(
  cluster: WholeCluster,
  service: CakelessService,
  pki: CorporatePki,
  folder: string,
): Promise<string> {
  const administer = (...args: string[]) =>
    service.mustCakeless('administrator', ['trust-domain', ...args]);
  const before = caFileOn(cluster.first, CA);
  await administer('csr', TURNING, '--ca', CA, '--successor', '--out', folder);
  const csr = join(folder, `${CA}.csr`);
  const [certificate, chain] = [join(folder, 'successor.pem'), join(folder, 'above.pem')];
  const signed = pki.signCa(readFileSync(csr, 'utf8'));
  writeFileSync(certificate, signed);
  writeFileSync(chain, pki.chain);
  const importing = (...more: string[]) =>
    administer(
      ...['import-certificate', TURNING, '--ca', CA, '--certificate', certificate],
      ...['--chain', chain, '--csr', csr, '-o', 'json', ...more],
    );
  const { change } = JSON.parse(await importing('--dry-run'));
  const { successor } = JSON.parse(await importing());
  if (change !== 'successor' || successor.ca !== CA)
    throw new Error(`${change}: ${JSON.stringify(successor)}`);
  if (caFileOn(cluster.first, CA) !== before) throw new Error('the import changed a CA file');
  return certificatesIn(signed).join('');
}
