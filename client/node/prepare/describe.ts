/** What was prepared, in words. */
import { formatName } from '../../../lib/door/alternative-names.ts';
import { printable } from '../../../lib/policy/violation.ts';
import { formatTable } from '../../terminal.ts';
import { approveCommand } from '../approve-command.ts';
import type { CsrContents } from '../make-csr.ts';
import type { Prepared } from './prepare-node.ts';

export function describeSubject({ subject }: CsrContents): string {
  return [...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');
}

export const describeNames = ({ names }: CsrContents) => names.map(formatName).join(', ');

export function describeResult(result: Prepared): string[] {
  const { certificates, trust, trustProblems, hindrances, next } = result;
  const waiting = certificates.filter(({ state }) => state === 'pending');
  return [
    ...formatTable(
      ['CERTIFICATE', 'STATE', 'EXPIRES', 'FILE'],
      certificates.map((c) => [c.name, c.state, c.notAfter ?? '', c.file]),
    ),
    ...trust.map(({ ca, sha256, trustedBy }) => `${ca}: sha256:${sha256}, trusted by ${trustedBy}`),
    ...certificates.flatMap(({ name, violations = [], problems = [], waitingFor }) => [
      ...violations.map(
        ({ code, field, got, allowed, fix }) =>
          `${name}: ${code}: ${field} is ${got}; allowed: ${allowed}. To do: ${fix}.`,
      ),
      ...problems.map((problem) => `${name}: not written: ${problem}`),
      ...(waitingFor === undefined ? [] : [`${name}: waits for ${waitingFor}`]),
    ]),
    ...waiting.map(({ request = '' }) => approveCommand(request)),
    ...trustProblems.map((problem) => `nothing was written: ${problem}`),
    ...(trustProblems.length > 0
      ? []
      : hindrances.map(({ file, problem }) => `kubeadm would fail: ${file}: ${problem}`)),
    next === undefined ? 'run the same command again when this is mended' : `next: ${next}`,
  ].map(printable);
}
