/** Goes back from each phase of a rotation, and forward again until it is complete. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { caFilesOf, requireCertificates } from './ca-files.ts';
import { type How, type Phase, step } from './turn.ts';

const TAKEN_BACK: readonly Phase[] = ['trust', 'stable'];
const TO_THE_END: readonly Phase[] = [
  ...['trust', 'issue', 'trust', 'issue'],
  ...['retire', 'issue', 'retire', 'stable'],
] as const;

/** How often the phase changes. */
export const CHANGES = TAKEN_BACK.length + TO_THE_END.length;

/** Certificates in a CA file, once all timers have run in the phase. */
const CERTIFICATES: Readonly<Record<Phase, number>> = { trust: 2, issue: 2, retire: 1, stable: 1 };

const canceled = (ca: CaName) => `${ca}: started and canceled: every CA file is as before`;
const toTheEnd = (ca: CaName) => `${ca}: ${TO_THE_END.join(', ')}: healthy after each step`;

export const backAndForthChecks = (ca: CaName) => [canceled(ca), toTheEnd(ca)];

export async function goBackAndForth(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  ca: CaName,
): Promise<void> {
  const walk = async (phases: readonly Phase[]) => {
    const seen: string[] = [];
    for (const phase of phases) {
      seen.push(`${phase} ${await step(cluster, service, ca, phase, waivingProbes())}`);
      requireCertificates(cluster, ca, CERTIFICATES[phase]);
    }
    return seen.join(', ');
  };
  await check(canceled(ca), async () => {
    const before = caFilesOf(cluster, ca);
    const seen = await walk(TAKEN_BACK);
    if (caFilesOf(cluster, ca).join() !== before.join()) throw new Error('a CA file has changed');
    return seen;
  });
  await check(toTheEnd(ca), () => walk(TO_THE_END));
}

/**
 * Probe certificates of the new CA are valid for an hour, and the test does not wait for that: like a person who cancels a
 * rotation at once, it waives them by name.
 */
function waivingProbes(): How {
  const subjects = new Set<string>();
  return {
    options: () =>
      [...subjects].flatMap((one) => ['--waive', `${one}=its probes expire in an hour`]),
    onMissing: async (missing) => {
      for (const { subject, why } of missing)
        if (/certificate probe-/.test(why)) subjects.add(subject);
    },
  };
}
