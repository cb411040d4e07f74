/** Which certificates are still of the old CA: according to the ledger, and to what nodes have in place and serve. */
import { quote } from '../printable.ts';
import { isCertificateName, isProbeName } from '../profiles/certificate-names.ts';
import type {
  ClusterEvidence,
  Issued,
  Line,
  NodeEvidence,
  NodeFacts,
  NodeObject,
} from './evidence/evidence.ts';
import { holdsOld } from './gate-files.ts';
import { nodeSubject, type Question, type Reason } from './gate-question.ts';
import type { Missing } from './gate-result.ts';

/** People copy this command, so it contains no name that a node may have invented. */
const renew = (name: string) =>
  `run cakeless renew ${isCertificateName(name) ? name : 'all'} on the node`;

/** Lines of a node whose newest certificate is not of the new CA. */
export function reasonsOfLines(lines: readonly Line[], { transition: { to } }: Question): Reason[] {
  return lines
    .filter(({ name, newest }) => newest.version !== to && !isProbeName(name))
    .map(({ name, newest }) => ({
      why: `its newest certificate ${name} is of version ${newest.version}, and valid until ${newest.day}`,
      fix: isCertificateName(name)
        ? renew(name)
        : 'its kubelet requests the next one: check the forwarder, and restart the kubelet',
    }));
}

/** What a node has in place is of the new CA, whatever the ledger knows: certificates of kubeadm are not in it. */
export function reasonsOfPlaces(
  { cluster }: ClusterEvidence,
  node: NodeEvidence,
  facts: NodeFacts,
  question: Question,
): Missing[] {
  const { newSha256, transition } = question;
  const subject = nodeSubject(cluster, node.node);
  const inPlace = facts.certificates.map(({ name, caSha256 }): Missing | undefined => {
    if (caSha256 === newSha256) return undefined;
    const why =
      caSha256 === undefined
        ? `the certificate ${quote(name)} in place chains to none of its CAs`
        : `the certificate ${quote(name)} in place is not of the new CA`;
    return { subject, why, fix: renew(name) };
  });
  const elsewhere = node.lines
    .filter(
      ({ name, newest }) =>
        isCertificateName(name) &&
        newest.version === transition.to &&
        !facts.certificates.some((certificate) => certificate.name === name),
    )
    .map(({ name, older }): Missing | undefined => {
      if (!older.some(({ version }) => version !== transition.to)) return undefined;
      return {
        subject: certificateSubject(cluster, node.node, name),
        why: `${name} of ${node.node} was renewed, but is not in place on the node`,
        fix: `find out where it is used and waive it by this name, or ${renew(name)}`,
      };
    });
  return [...inPlace, ...elsewhere].filter((one) => one !== undefined);
}

const certificateSubject = (cluster: string, node: string, name: string) =>
  `${cluster}/certificate/${node}/${name}`;

/** Servers that serve the certificate of this name. */
const SERVERS: Readonly<Partial<Record<string, { component: string; name: string }>>> = {
  ca: { component: 'kube-apiserver', name: 'apiserver' },
  'etcd-ca': { component: 'etcd', name: 'etcd-server' },
};

/** What a server serves is the certificate in place. */
export function reasonsOfServed(facts: NodeFacts, { transition: { ca } }: Question): Reason[] {
  const server = SERVERS[ca];
  const inPlace = server && facts.certificates.find(({ name }) => name === server.name);
  if (!server || !inPlace) return [];
  const served = facts.served.find(({ component }) => component === server.component);
  if (served?.sha256 === inPlace.sha256) return [];
  const { component, name } = server;
  return [
    served
      ? { why: `${component} does not serve the certificate ${name} in place`, fix: renew(name) }
      : {
          why: `${component} did not respond when the node wrote its report`,
          fix: `repair ${component} on the node, and run cakeless renew all there`,
        },
  ];
}

/** What the kubelet serves on port 10250, as the forwarder saw it. */
export const reasonsOfServing = (object: NodeObject | undefined, question: Question): Reason[] =>
  object?.servedBy !== undefined && holdsOld([object.servedBy], question)
    ? [
        {
          why: 'its kubelet serves a certificate of the old CA',
          fix: 'restart the kubelet, which then requests another one',
        },
      ]
    : [];

/** Certificates of users are not renewed automatically: they expire. */
export function missingOfUsers(cluster: ClusterEvidence, { transition }: Question): Missing[] {
  const old = cluster.users.filter(({ version }) => version !== transition.to);
  const last = lastDay(old);
  return last === undefined
    ? []
    : [
        {
          subject: `${cluster.cluster}/user/all`,
          why: `user certificates of the old CA (version ${transition.from}): ${old.length}; the last one expires on ${last}`,
          fix: 'have these people request new ones with cakeless kubeconfig user, and waive the old ones; or wait until they have expired',
        },
      ];
}

/** Certificates of the old CA that were replaced. No gate waits for them. */
export function notesOfReplaced(cluster: ClusterEvidence, { transition }: Question): string[] {
  const replaced = cluster.nodes.flatMap(({ lines }) =>
    lines.flatMap(({ older }) => older.filter(({ version }) => version !== transition.to)),
  );
  const last = lastDay(replaced);
  return last === undefined
    ? []
    : [
        `${cluster.cluster}: replaced certificates of the old CA (version ${transition.from}) that have not expired: ${replaced.length}, the last one expires on ${last}; copies of them stop working when nodes drop the old CA`,
      ];
}

const lastDay = (issued: readonly Issued[]): string | undefined =>
  issued
    .map(({ day }) => day)
    .reduce<string | undefined>(
      (latest, day) => (latest === undefined || day > latest ? day : latest),
      undefined,
    );
