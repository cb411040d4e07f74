/** What the objects of a cluster hold, according to its forwarder. */
import { listed } from '../printable.ts';
import { CAS_OUTSIDE_API } from './evidence/collect.ts';
import type { ClusterEvidence, ClusterFacts } from './evidence/evidence.ts';
import { holdsOld } from './gate-files.ts';
import { hearCluster } from './gate-heard.ts';
import { type Question, reportSubject, type Said, waivable } from './gate-question.ts';
import type { Missing } from './gate-result.ts';

/** Objects of the Kubernetes API hold the new CA, and programs have read it. */
export const judgeClusterTrust = (cluster: ClusterEvidence, question: Question): Said =>
  judgeCluster(cluster, question, (facts) => [
    ...withoutNew(cluster.cluster, facts, question),
    ...notReadAgain(cluster.cluster, facts, question),
    ...unavailable(cluster.cluster, facts),
  ]);

/** Objects of the Kubernetes API hold the new CA alone. */
export const judgeClusterEnd = (cluster: ClusterEvidence, question: Question): Said =>
  judgeCluster(cluster, question, (facts) => [
    ...withoutNew(cluster.cluster, facts, question),
    ...withOld(cluster.cluster, facts, question),
    ...unavailable(cluster.cluster, facts),
  ]);

function judgeCluster(
  cluster: ClusterEvidence,
  question: Question,
  judge: (facts: ClusterFacts) => Missing[],
): Said {
  if (CAS_OUTSIDE_API.includes(question.transition.ca)) return { missing: [], notes: [] };
  const heard = hearCluster(cluster, question);
  const subject = reportSubject(cluster.cluster);
  if ('reason' in heard) return { missing: [{ subject, ...heard.reason }], notes: [] };
  const { facts } = heard;
  const left = facts.truncated.filter((what) => what !== TOKEN_SECRETS);
  const incomplete = [
    left.length > 0 && `its report is incomplete: ${listed(left)}`,
    !hasAuthentication(facts, question) && `its report does not mention ${AUTHENTICATION}`,
  ].filter((why) => why !== false);
  return {
    missing: [
      ...incomplete.map((why) => ({
        subject,
        why,
        fix: 'give the forwarder the permissions that cakeless csrsigning --rbac prints; or check by hand what the report leaves out, and waive the report by this name',
      })),
      ...judge(facts),
    ],
    notes:
      question.transition.ca === 'ca' && facts.truncated.includes(TOKEN_SECRETS)
        ? [
            `${cluster.cluster}: Secrets with tokens of service accounts were not checked; kube-controller-manager writes their ca.crt from the same file as kube-root-ca.crt`,
          ]
        : [],
  };
}

/**
 * A forwarder may read Secrets only if someone allows it (docs/certificates-api.md). Their ca.crt follows kube-root-ca.crt:
 * one process writes both from one file (kubernetes/pkg/controller/serviceaccount/tokens_controller.go).
 */
const TOKEN_SECRETS = 'secrets';

const AUTHENTICATION = 'configmap/kube-system/extension-apiserver-authentication';

/** Every cluster has it, so a report without it has left something out. */
const hasAuthentication = ({ holders }: ClusterFacts, { transition: { ca } }: Question): boolean =>
  ca === 'kubelet-ca' ||
  holders.some(({ object, isToHold }) => isToHold && object.startsWith(AUTHENTICATION));

const objectSubject = (cluster: string, object: string) => `${cluster}/object/${waivable(object)}`;
const namespaceSubject = (cluster: string, namespace: string) =>
  `${cluster}/namespace/${waivable(namespace)}`;

function withoutNew(cluster: string, facts: ClusterFacts, question: Question): Missing[] {
  const { newSha256 } = question;
  const lacking = facts.holders.filter(
    ({ isToHold, sha256 }) =>
      !sha256.includes(newSha256) && (isToHold || holdsOld(sha256, question)),
  );
  return lacking.map(({ object, isToHold }) => ({
    subject: objectSubject(cluster, object),
    why: isToHold ? 'it does not hold the new CA' : 'it holds the old CA, but not the new one',
    fix: isToHold
      ? 'kube-controller-manager, kube-apiserver or (cluster-info) the forwarder writes it: check that it runs with the CA file of its node, and has started since that file changed'
      : 'add the new CA to its caBundle, or have its tool do so: cakeless trust-domain show has the certificate',
  }));
}

function withOld(cluster: string, { holders }: ClusterFacts, question: Question): Missing[] {
  return holders
    .filter(({ sha256 }) => holdsOld(sha256, question))
    .map(({ object }) => ({
      subject: objectSubject(cluster, object),
      why: 'it still holds the old CA',
      fix: object.startsWith(AUTHENTICATION)
        ? 'the forwarder removes the old CA, but an API server that still has it in its files adds it again: run cakeless renew all on all control planes; without a forwarder, edit the object by hand after that'
        : 'remove the old CA from it, or have its tool do so',
    }));
}

function notReadAgain(
  cluster: string,
  { withoutRootCa, oldPods }: ClusterFacts,
  { transition: { ca } }: Question,
): Missing[] {
  if (ca !== 'ca') return [];
  const byNamespace = new Map<string, string[]>();
  for (const { namespace, pod, owner } of oldPods)
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), `${pod} of ${owner}`]);
  return [
    ...withoutRootCa.map((namespace) => ({
      subject: namespaceSubject(cluster, namespace),
      why: 'it has no ConfigMap kube-root-ca.crt',
      fix: 'kube-controller-manager creates it: check that it runs',
    })),
    ...[...byNamespace].map(([namespace, pods]) => ({
      subject: namespaceSubject(cluster, namespace),
      why: `pods started before kube-root-ca.crt had the new CA, and may not have read it again: ${listed(pods)}`,
      fix: 'restart them (kubectl rollout restart); if their programs read the file again without a restart, waive the namespace',
    })),
  ];
}

const unavailable = (cluster: string, facts: ClusterFacts): Missing[] =>
  facts.unavailable.map((service) => ({
    subject: `${cluster}/apiservice/${waivable(service)}`,
    why: 'the APIService is not Available',
    fix: 'see kubectl describe apiservice, and the logs of its server',
  }));
