/** Kubernetes' own tests of the certificates API, with Cakeless as its signer. */
import type { Check } from '../harness/report.ts';
import { changeRecord } from './cluster-record.ts';
import { CSR_SIGNING, SHORTEST } from './plan.ts';
import type { Setting } from './setting.ts';

export const UPSTREAM_CHECKS = [
  'upstream: "should support building a client with a CSR"',
  "upstream: its table of durations; a granted one counts from the service's decision",
];

/** As the signer of upstream's table. */
const DAY = '24h0m0s';
const BACKDATED_SECONDS = 300;
/** From this duration on, kube-controller-manager takes the back-dating off at the end. */
const LONG_SECONDS = 8 * 3600;

export async function checkUpstream(check: Check, setting: Setting): Promise<void> {
  const kubeconfig = setting.administratorConf();
  await signFor(setting, DAY);
  try {
    await check('upstream: "should support building a client with a CSR"', async () => {
      const [passed] = await setting.client(['conformance', '-kubeconfig', kubeconfig]);
      if (passed?.event !== 'passed') throw new Error(JSON.stringify(passed));
      return `valid for ${passed.validity}`;
    });
    await check(
      "upstream: its table of durations; a granted one counts from the service's decision",
      async () => {
        const rows = await setting.client(['durations', '-kubeconfig', kubeconfig]);
        const wrong = rows.filter((row) => Number(row.granted) !== expected(Number(row.wanted)));
        const bad = wrong.length > 0 || rows.length === 0;
        if (bad) throw new Error(JSON.stringify(wrong));
        const longer = rows.filter((row) => row.granted !== row.wanted);
        return `${rows.length} rows; ${longer.length} of 8 hours or more end 5 minutes later`;
      },
    );
  } finally {
    await signFor(setting, SHORTEST);
  }
}

/** Refusals are the API server's. */
function expected(wanted: number): number {
  return wanted >= LONG_SECONDS ? wanted + BACKDATED_SECONDS : wanted;
}

function signFor(setting: Setting, clusterSigningDuration: string): Promise<void> {
  const csrSigning = { ...CSR_SIGNING, clusterSigningDuration };
  return changeRecord(setting.service, setting.cluster, setting.folder, (record) => ({
    ...record,
    csrSigning,
  }));
}
