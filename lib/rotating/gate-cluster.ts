/** What the objects of a cluster hold, as its forwarder says. */
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
        fix: 'look at what the report leaves out, and waive the report by this name if the new CA is there',
      })),
      ...judge(facts),
    ],
    notes:
      question.transition.ca === 'ca' && facts.truncated.includes(TOKEN_SECRETS)
        ? [
            `${cluster.cluster}: nobody has looked at Secrets with tokens of service accounts; kube-controller-manager writes their ca.crt from the same file as kube-root-ca.crt`,
          ]
        : [],
  };
}

/**
 * A forwarder may read Secrets only if somebody allows it (docs/certificates-api.md). Their ca.crt follows kube-root-ca.crt:
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
    why: isToHold ? 'it does not hold the new CA' : 'it holds the old CA, and not the new one',
    fix: isToHold
      ? 'kube-controller-manager and kube-apiserver write it: check that they run with the CA file of this node, and have started since it changed'
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
        ? 'API servers only add to it: the forwarder removes the old CA once all of them have dropped it; without a forwarder, edit it by hand'
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
      why: `pods have started before kube-root-ca.crt had the new CA, and may not have read it again: ${listed(pods)}`,
      fix: 'restart them (kubectl rollout restart), or waive the namespace if their programs read the file again',
    })),
  ];
}

const unavailable = (cluster: string, facts: ClusterFacts): Missing[] =>
  facts.unavailable.map((service) => ({
    subject: `${cluster}/apiservice/${waivable(service)}`,
    why: 'the APIService is not Available',
    fix: 'see kubectl describe apiservice, and the logs of its server',
  }));
