/**
 * Going back needs no evidence, because all nodes still trust the old CA. Only the last step, which cancels the rotation and
 * drops the new CA, has to know that no certificate of the new CA is in use.
 */
import { isProbeName } from '../profiles/certificate-names.ts';
import type { ClusterEvidence, Evidence, Issued, NodeEvidence } from './evidence/evidence.ts';
import { hearNode } from './gate-heard.ts';
import {
  about,
  type Findings,
  judgeAll,
  nodeSubject,
  type Question,
  type Reason,
  type Said,
} from './gate-question.ts';

/** Whether this step reads evidence. */
export const needsEvidenceBack = (after: string): boolean => after === 'stable';

export function judgeBack(evidence: Evidence, question: Question): Findings {
  if (!needsEvidenceBack(question.transition.after))
    return { missing: [], notes: [], progress: [] };
  return judgeAll(evidence, question, judgeNode, judgeUsers);
}

/**
 * A certificate of the new CA is not in use if the node reports that one of the old CA has replaced it. A probe is in no file,
 * and nothing needs to trust it: after the cancel it has found out all that it can.
 */
function judgeNode(node: NodeEvidence, cluster: ClusterEvidence, question: Question): Said {
  const { to } = question.transition;
  const heard = hearNode(node, cluster, question);
  const inPlace = heard.state === 'reports' ? heard.facts.certificates : [];
  const isOld = (name: string) =>
    inPlace.some((one) => one.name === name && question.oldSha256.has(one.caSha256 ?? ''));
  const reasons = node.lines.flatMap(({ name, newest, older }): Reason[] => {
    const living = [newest, ...older].filter(({ version }) => version === to);
    const [one] = living;
    if (!one || isProbeName(name) || (newest.version !== to && isOld(name))) return [];
    return [
      {
        why: `its certificate ${name} is of the new CA (version ${to}), and valid until ${lastDay(living, one)}`,
        fix: `run cakeless renew all on the node, which gets one of version ${question.transition.from}, or wait until it has expired`,
      },
    ];
  });
  return { missing: about(nodeSubject(cluster.cluster, node.node), reasons), notes: [] };
}

function judgeUsers(cluster: ClusterEvidence, { transition: { to } }: Question): Said {
  const living = cluster.users.filter(({ version }) => version === to);
  const [one] = living;
  if (!one) return { missing: [], notes: [] };
  const missing = {
    subject: `${cluster.cluster}/user/all`,
    why: `user certificates of the new CA (version ${to}): ${living.length}; the last one expires on ${lastDay(living, one)}`,
    fix: 'have these people request new ones with cakeless kubeconfig user, and waive the old ones; or wait until they have expired',
  };
  return { missing: [missing], notes: [] };
}

const lastDay = (issued: readonly Issued[], first: Issued): string =>
  issued.reduce((latest, { day }) => (day > latest ? day : latest), first.day);
