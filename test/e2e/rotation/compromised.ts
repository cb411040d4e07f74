/**
 * After a compromise: there is no cross certificate, so people give each node the hash of the new CA, and clients the new CA,
 * before it issues anything (docs/ca-rotation.md).
 */

import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { caFileOn, requireCertificates } from './ca-files.ts';
import { TURNING } from './plan.ts';
import { checkRefused, refusedChecks, takeOldCa } from './refused.ts';
import { tokenEndpoint } from './token.ts';
import { CODES, renewOn, step } from './turn.ts';

const CA = 'ca';
/** Of a renewal that does not accept a CA. */
const REFUSES = 7;
const BEGUN = 'compromised: trust: no node accepts the new CA, because nothing vouches for it';
const TOLD = 'compromised: with its hash, every node accepts it';
const DONE = 'compromised: issue, retire, stable; the downtime is measured';

const [ACCEPTED = '', REFUSED = ''] = refusedChecks('compromised');

export const COMPROMISED_CHECKS = [ACCEPTED, BEGUN, TOLD, DONE, REFUSED];

export async function checkCompromised(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  const old = await takeOldCa(check, cluster, service, folder, CA, 'compromised');
  const known = await hashes(service);
  await check(BEGUN, async () => {
    const words = await step(cluster, service, CA, 'trust', {
      options: () => ['--compromised'],
      codes: [...CODES, REFUSES],
    });
    requireCertificates(cluster, CA, 1);
    const { machine, principal, name } = cluster.worker;
    const at = ['--cluster', TURNING, '--node', name, '--if-expires-within', '30d'];
    const ran = await service.cakelessOn(machine, principal, 'renew', 'all', ...at);
    if (!/may have been stolen/.test(ran.stderr + ran.stdout)) throw new Error(lastLines(ran));
    return `${words}; exit code ${ran.exitCode}: ${lastLines(ran)}`;
  });
  const before = caFileOn(cluster.first, CA);
  await check(TOLD, async () => {
    const fresh = (await hashes(service)).filter((hash) => !known.includes(hash));
    const told = ['--accept-ca-change', ...fresh.flatMap((hash) => ['--ca-cert-hash', hash])];
    for (const node of cluster.nodes) await renewOn(service, node, told);
    requireCertificates(cluster, CA, 2);
    return fresh.join(', ');
  });
  const clients = new Traffic(await tokenEndpoint(cluster));
  await clients.start();
  await check(DONE, async () => {
    const words: string[] = [];
    for (const phase of ['issue', 'retire', 'stable'] as const)
      words.push(`${phase} ${await step(cluster, service, CA, phase)}`);
    requireCertificates(cluster, CA, 1);
    if (caFileOn(cluster.first, CA) === before) throw new Error('the old CA is still there');
    const { words: downtime } = await clients.stop();
    return `${words.join(', ')}; ${downtime}`;
  });
  await checkRefused(check, cluster, old);
}

/** Of `ca`, as `trust-domain show` prints them. */
async function hashes(service: CakelessService): Promise<string[]> {
  const show = ['trust-domain', 'show', TURNING, '-o', 'json'];
  const { caCertHashes } = JSON.parse(await service.mustCakeless('administrator', show));
  return caCertHashes.filter((hash: string) => hash.startsWith('sha256:'));
}
