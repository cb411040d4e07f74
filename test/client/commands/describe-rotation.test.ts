/** What `renew` says of a rotation when it ends, with what was found out after the run, and its exit code. */
import { describe as describeReport, exitCodeOf } from '../../../client/commands/renew.ts';
import { EXIT } from '../../../client/exit-codes.ts';
import { notRestarted, notRunning, type Waiting } from '../../../client/node/evidence/waiting.ts';
import {
  type CertificateReport,
  type RenewReport,
  withEvidence,
} from '../../../client/node/renewal/report.ts';

const folders = { kubeconfigDir: '/k', certDir: '/k/pki' };
const SINCE = '2027-03-01T12:00:00.000Z';
const DOWN = notRunning('kube-scheduler', SINCE);
const OLD = notRestarted('kubelet', '2027-02-01T00:00:00.000Z', SINCE, folders);

interface Case {
  readonly waiting?: readonly Waiting[];
  readonly left?: readonly string[];
  readonly refused?: readonly string[];
  readonly certificates?: readonly CertificateReport[];
  readonly isReplayed?: boolean;
  readonly isStable?: boolean;
}

function end({ waiting = [], left = [], ...more }: Case): RenewReport {
  const { refused = [], certificates = [], isReplayed = false, isStable = false } = more;
  const phase = isStable || isReplayed ? {} : ({ ca: 'ca', phase: 'trust' } as const);
  const rotation = { sequence: 1, ...phase, isReplayed, refused, left: [], waiting: [] };
  const base = { cluster: 'prod', node: 'cp-1', restarts: [], caDifferences: [], notes: [] };
  return withEvidence(
    { ...base, certificates, rotation },
    { left: [...refused, ...left], waiting },
  );
}

it.each<[string, Case, number, readonly string[]]>([
  [
    'nothing is left',
    {},
    EXIT.done,
    ['rotation: ca is rotated, in phase trust, and this node has done what it asks for'],
  ],
  [
    'a component has to be restarted',
    { waiting: [OLD] },
    EXIT.byHand,
    [
      'rotation: ca is rotated, in phase trust',
      `rotation: kubelet has run since 2027-02-01T00:00:00.000Z, but its CA files changed at ${SINCE}, and it reads them only when it starts; restart it with systemctl restart kubelet, then run cakeless renew all, which reports it`,
    ],
  ],
  [
    'one does not run, too',
    { waiting: [OLD, DOWN] },
    EXIT.unhealthy,
    [
      'rotation: ca is rotated, in phase trust',
      expect.stringMatching(/^rotation: kubelet has run since /),
      `rotation: kube-scheduler was not found among the processes of this node, so it is unknown whether it has read its CA files, which changed at ${SINCE}; find out with crictl logs or in /var/log/pods why it does not run, and repair it, then run cakeless renew all, which reports it`,
    ],
  ],
  [
    'a server could not be probed, which the next run does again',
    { left: ['etcd could not be probed'] },
    EXIT.done,
    ['rotation: ca is rotated, in phase trust', 'rotation: etcd could not be probed'],
  ],
  [
    'a CA is refused, which is said once, and is more serious',
    { refused: ['ca.crt does not get it'], waiting: [OLD] },
    EXIT.checkFailed,
    [
      'rotation: ca is rotated, in phase trust',
      'rotation: ca.crt does not get it',
      expect.stringMatching(/^rotation: kubelet has run since /),
    ],
  ],
  [
    'a certificate waits for an approver, too',
    { waiting: [OLD], certificates: [{ name: 'super-admin.conf', outcome: 'pending' }] },
    EXIT.byHand,
    [
      'rotation: ca is rotated, in phase trust',
      expect.stringMatching(/^rotation: kubelet has run since /),
    ],
  ],
  ['something older is published', { isReplayed: true, waiting: [OLD] }, EXIT.checkFailed, []],
  ['no rotation is under way', { isStable: true }, EXIT.done, []],
])('if %s', (_, given, exitCode, lines) => {
  const report = end(given);
  expect(exitCodeOf(report)).toBe(exitCode);
  expect(describeReport(report).filter((line) => line.startsWith('rotation: '))).toEqual(lines);
});
