/** What was prepared, in words. */
import { formatName } from '../../../lib/csr/alternative-names.ts';
import { printable } from '../../../lib/printable.ts';
import { formatTable } from '../../terminal.ts';
import type { CsrContents } from '../csr/make-csr.ts';
import { approveCommand } from '../exchange/approve-command.ts';
import type { Prepared } from './prepare-node.ts';

export function describeSubject({ subject }: CsrContents): string {
  return [...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');
}

export const describeNames = ({ names }: CsrContents) => names.map(formatName).join(', ');

export function describeResult(result: Prepared): string[] {
  const { certificates, trust, trustProblems, hindrances } = result;
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
      // of each the same: its CA is not trusted
      ...(trustProblems.length > 0
        ? []
        : problems.map((problem) => `${name}: not written: ${problem}`)),
      ...(waitingFor === undefined ? [] : [`${name}: waits for ${waitingFor}`]),
    ]),
    ...waiting.map(({ request = '' }) => approveCommand(request)),
    ...trustProblems.map((problem) => `nothing was written: ${problem}`),
    ...(trustProblems.length > 0
      ? []
      : hindrances.map(({ file, problem }) => `kubeadm would fail: ${file}: ${problem}`)),
    whatNow(result),
  ].map(printable);
}

function whatNow({ next, trustProblems }: Prepared): string {
  if (next !== undefined) return `next: ${next}`;
  return trustProblems.length > 0
    ? 'once it is known which CAs are right, run the command again with what vouches for them: nothing is asked twice'
    : 'run the same command again when this is mended';
}
