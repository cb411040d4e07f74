import { judgeWithOpenssl } from './judges-openssl.ts';
import { allJudges, askGoProgram, type Judge, whyUnavailable } from './judges-programs.ts';
import type { ChainItem, Judgement } from './judges-questions.ts';

export type { Judge } from './judges-programs.ts';
export type { ChainItem, Judgement } from './judges-questions.ts';

/** What Go reads in a CSR: `names` are DNS:…, IP:…, email:… and URI:…. */
export type CsrJudgement = {
  name: string;
  ok: boolean;
  message: string;
  subject?: string;
  names?: string[];
};

/** What zlint reports about a certificate: names of lints, with details. */
export type LintFindings = { name: string; errors: string[]; warnings: string[] };

/** Whether a missing judge is a failure (continuous integration) or a reason to skip (a laptop). */
const strict = (): boolean => process.env.CAKELESS_REQUIRE_JUDGES === '1';

/** Every judge, with the reason if it is not available here. */
export const availableJudges = (): { judge: Judge; missing?: string }[] =>
  allJudges.map((judge) => {
    const missing = whyUnavailable(judge);
    return missing === undefined ? { judge } : { judge, missing };
  });

/**
 * `it` for a test that needs judges. If one is missing, the test is skipped with the reason in its title, or fails with the
 * reason under CAKELESS_REQUIRE_JUDGES=1.
 */
export function itWithJudges(
  title: string,
  body: jest.ProvidesCallback,
  judges: readonly Judge[] = allJudges,
): void {
  const missing = missingOf(judges);
  const skipped = missing !== '' && !strict();
  const declare = skipped ? it.skip : it;
  declare(skipped ? `${title} [${missing}]` : title, body);
}

/**
 * The judgement of every item by every judge, in the order of the judges and then of the items. zlint checks the
 * certificate without its chain; `lintCertificates` also returns its warnings. A missing judge is omitted, or an error under
 * CAKELESS_REQUIRE_JUDGES=1.
 */
export function judgeChain(items: ChainItem[], judges: readonly Judge[] = allJudges): Judgement[] {
  const now = new Date();
  return present(judges).flatMap((judge) => {
    if (judge === 'go') return judgeWithGo(items, now);
    if (judge === 'openssl') return judgeWithOpenssl(items, now);
    return lintCertificates(items).map(({ name, errors }) => ({
      name,
      judge,
      ok: errors.length === 0,
      message: errors.join('; ') || 'no error',
    }));
  });
}

/** zlint's findings for all items, from one process. */
export const lintCertificates = (items: { name: string; certificate: string }[]): LintFindings[] =>
  askGoProgram<LintFindings>(
    'zlint',
    [],
    items.map(({ name, certificate }) => ({ name, certificate })),
  );

/** Whether Go reads these files (PEM or DER) as CSRs with valid signatures, from one process. */
export const goParsesCsrs = (files: string[]): CsrJudgement[] =>
  askGoProgram<CsrJudgement>('go', ['csrs'], files);

function judgeWithGo(items: ChainItem[], now: Date): Judgement[] {
  const questions = items.map((item) => ({
    name: item.name,
    certificate: item.certificate,
    intermediates: item.intermediates ?? '',
    roots: item.roots,
    usage: item.usage,
    hosts: [...(item.dnsNames ?? []), ...(item.ips ?? [])],
    at: (item.at ?? now).toISOString(),
  }));
  return askGoProgram<Omit<Judgement, 'judge'>>('go', ['chains'], questions).map(
    ({ name, ok, message }) => ({ name, judge: 'go', ok, message }),
  );
}

function present(judges: readonly Judge[]): Judge[] {
  const missing = missingOf(judges);
  if (missing && strict()) throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${missing}`);
  return judges.filter((judge) => whyUnavailable(judge) === undefined);
}

const missingOf = (judges: readonly Judge[]): string =>
  judges
    .flatMap((judge) => {
      const why = whyUnavailable(judge);
      return why === undefined ? [] : [`${judge}: ${why}`];
    })
    .join(', ');
