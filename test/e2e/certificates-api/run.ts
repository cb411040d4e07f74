/** The certificates API of a cluster in external-CA mode, with Cakeless as its signer. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { checkBrokenLines, LINE_CHECKS } from './broken-lines.ts';
import { checkFloods, FLOOD_CHECKS } from './flood.ts';
import { checkIssuing, checkRenewal, ISSUE_CHECKS, RENEWS } from './issue.ts';
import { checkKilled, KILLED_CHECKS } from './killed.ts';
import { checkLies, LIE_CHECKS } from './lies.ts';
import { measure } from './measure.ts';
import { measuresOf } from './measures.ts';
import { checkOtherSigner, OTHER_SIGNER_CHECKS } from './other-signer.ts';
import type { CsrPlan } from './plan.ts';
import { checkRefusals, REFUSE_CHECKS } from './refuse.ts';
import { checkRights, RIGHTS_CHECKS } from './rights.ts';
import { Setting } from './setting.ts';
import { checkUpstream, UPSTREAM_CHECKS } from './upstream.ts';

export const CERTIFICATES_API = 'certificates API';

const PREPARED = 'the first control plane is prepared, with the identity of the forwarder';
const STARTED = 'etcd, kube-apiserver and kube-controller-manager start, without a CA key';
const READY = 'three forwarders are ready';

export const CSR_CHECKS = [
  ...[PREPARED, STARTED, READY],
  ...ISSUE_CHECKS,
  ...REFUSE_CHECKS,
  ...LIE_CHECKS,
  ...UPSTREAM_CHECKS,
  RENEWS,
  ...KILLED_CHECKS,
  ...LINE_CHECKS,
  ...FLOOD_CHECKS,
  ...RIGHTS_CHECKS,
  ...OTHER_SIGNER_CHECKS,
];

const SEED = 20261127;
/** How long certificates of ten minutes are renewed. */
const LONG_MINUTES = 30;

export async function runCertificatesApi(
  report: Report,
  service: CakelessService,
  folder: string,
  plan: CsrPlan,
): Promise<void> {
  await withSetting(report, service, folder, plan, CSR_CHECKS, checkAll);
}

/** The measurements alone, with this many CSRs each. */
export async function runMeasurements(
  report: Report,
  service: CakelessService,
  folder: string,
  release: string,
  csrs: number,
): Promise<void> {
  const plan: CsrPlan = { release, quick: false, eachApiServer: true };
  const checks = [PREPARED, STARTED, ...measuresOf(csrs)];
  await withSetting(report, service, folder, plan, checks, async (check, setting) => {
    await start(check, setting);
    await measure(check, setting, csrs);
  });
}

async function start(check: Check, setting: Setting): Promise<void> {
  await check(PREPARED, async () => `${await setting.prepare()} certificates`);
  await check(STARTED, () => setting.start());
}

async function checkAll(check: Check, setting: Setting): Promise<void> {
  await start(check, setting);
  const { worker } = await setting.withForwarders(3, async (all) => {
    await check(READY, async () => all.map(({ running }) => `running: ${running}`).join(', '));
    const served = await checkIssuing(check, setting);
    await checkRefusals(check, setting);
    await checkLies(check, setting);
    await checkUpstream(check, setting);
    await check(RENEWS, () => checkRenewal(served, setting.plan.quick ? 0 : LONG_MINUTES));
    return served;
  });
  await checkKilled(check, setting, SEED);
  await checkBrokenLines(check, setting);
  await checkFloods(check, setting);
  await checkRights(check, setting, worker);
  await checkOtherSigner(check, setting);
}

async function withSetting(
  report: Report,
  service: CakelessService,
  folder: string,
  plan: CsrPlan,
  checks: readonly string[],
  body: (check: Check, setting: Setting) => Promise<void>,
): Promise<void> {
  const where = join(folder, `certificates-api-${plan.release}`);
  let setting: Setting | undefined;
  try {
    await report.row(CERTIFICATES_API, [plan.release], checks, async (check) => {
      const step: Check = (name, look) => {
        report.say(`${CERTIFICATES_API} ${plan.release}: ${name} ...`);
        return check(name, look);
      };
      setting = await Setting.make(plan, service, where);
      await body(step, setting);
    });
  } finally {
    await setting?.stop();
    rmSync(where, { recursive: true, force: true });
  }
}
