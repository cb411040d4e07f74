import { judgeWithOpenssl } from './judges-openssl.ts';
import { allJudges, askGoProgram, type Judge, whyUnavailable } from './judges-programs.ts';
import type { ChainItem, Judgement } from './judges-questions.ts';

export type { Judge } from './judges-programs.ts';
export type { ChainItem, Judgement } from './judges-questions.ts';

/** What Go found in a request: `names` are DNS:…, IP:…, email:… and URI:…. */
export type CsrJudgement = {
  name: string;
  ok: boolean;
  message: string;
  subject?: string;
  names?: string[];
};

/** What zlint has against a certificate: names of lints, each with its details. */
export type LintFindings = { name: string; errors: string[]; warnings: string[] };

/** Whether a judge that can't be asked is a failure (continuous integration) or a reason to skip (a laptop). */
const strict = (): boolean => process.env.CAKELESS_REQUIRE_JUDGES === '1';

/** Every judge, with the reason why it can't be asked here, if there is one. */
export const availableJudges = (): { judge: Judge; missing?: string }[] =>
  allJudges.map((judge) => {
    const missing = whyUnavailable(judge);
    return missing === undefined ? { judge } : { judge, missing };
  });

/**
 * `it` for a test that needs judges: where one is missing the test is skipped and its title says why,
 * or it fails with that reason under CAKELESS_REQUIRE_JUDGES=1.
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
 * The judgement of every item by every judge asked for, in the order of the judges and then of the items.
 * zlint sees the certificate alone: its warnings are left out here, `lintCertificates` has them.
 * A judge that can't be asked is left out, or throws under CAKELESS_REQUIRE_JUDGES=1.
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

/** What zlint finds, in one process. */
export const lintCertificates = (items: { name: string; certificate: string }[]): LintFindings[] =>
  askGoProgram<LintFindings>(
    'zlint',
    [],
    items.map(({ name, certificate }) => ({ name, certificate })),
  );

/** Whether Go reads these files (PEM or DER) as requests that are signed by their own keys, in one process. */
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
