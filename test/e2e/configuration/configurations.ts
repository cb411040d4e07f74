/**
 * Configurations, some hundred: real kubeadm and Cakeless accept the same ones, with the same contents of CSRs. The
 * deviations are listed with their reasons.
 */
import { KUBEADM_RELEASES } from '../harness/programs.ts';
import type { Report } from '../harness/report.ts';
import { type ConfigurationCase, casesFor } from './cases.ts';
import { DEVIATIONS, type Deviation, type Disagreement } from './deviations.ts';
import { kubeadmVerdict, ownVerdict, type Verdict } from './verdict.ts';

export const CONFIGURATIONS = 'configurations';

export async function runConfigurations(
  report: Report,
  folder: string,
  releases: readonly string[],
): Promise<void> {
  const used = new Set<Deviation>();
  for (const release of releases)
    await report.row(CONFIGURATIONS, [release], ['agreement'], (check) =>
      check('agreement', () => compareAll(release, folder, used)),
    );
  // a deviation may be that of one release
  if (releases.length < KUBEADM_RELEASES.length) return;
  await report.row(CONFIGURATIONS, ['all'], ['deviations'], (check) =>
    check('deviations', async () => {
      const unused = DEVIATIONS.filter((deviation) => !used.has(deviation));
      if (unused.length > 0)
        throw new Error(`not needed: ${unused.map(({ of }) => of).join(', ')}`);
      return `${used.size}, all needed`;
    }),
  );
}

async function compareAll(release: string, folder: string, used: Set<Deviation>): Promise<string> {
  const count = { refused: 0, accepted: 0, deviations: 0 };
  const wrong: string[] = [];
  const queue = casesFor(release);
  const total = queue.length;
  const compare = async ({ name, text }: ConfigurationCase) => {
    const [kubeadm, own] = [await kubeadmVerdict(release, text, folder), ownVerdict(text)];
    const is = disagreement(kubeadm, own);
    const deviation = DEVIATIONS.find(
      (candidate) => candidate.is === is && candidate.of.test(name),
    );
    if (is === undefined) count[own.refused === undefined ? 'accepted' : 'refused']++;
    else if (deviation) {
      used.add(deviation);
      count.deviations++;
    } else wrong.push(`${name}: ${is}: kubeadm: ${seen(kubeadm)}; Cakeless: ${seen(own)}`);
  };
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await compare(next);
  };
  await Promise.all([work(), work()]);
  if (wrong.length > 0) throw new Error(`${wrong.length} disagree:\n${wrong.sort().join('\n')}`);
  const { accepted, refused, deviations } = count;
  return `${total}: both accept ${accepted} with the same CSRs, both refuse ${refused}, ${deviations} deviations`;
}

function disagreement(kubeadm: Verdict, own: Verdict): Disagreement | undefined {
  if ((kubeadm.refused === undefined) !== (own.refused === undefined))
    return own.refused === undefined ? 'accepted' : 'refused';
  if (kubeadm.csrs !== own.csrs) return 'other contents';
  return kubeadm.warned === own.warned ? undefined : 'other warning';
}

const seen = ({ refused, csrs = '' }: Verdict) => refused ?? csrs;
