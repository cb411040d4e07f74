/** `npm run e2e`: real Kubernetes that uses only certificates from Cakeless. See docs/end-to-end.md. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ADOPTION, runAdoption } from './adoption/adoption.ts';
import { SITE, SMALL_SITE } from './adoption/plan.ts';
import { CSR_RELEASES, WORKER } from './certificates-api/plan.ts';
import { CERTIFICATES_API, runCertificatesApi, runMeasurements } from './certificates-api/run.ts';
import { CONFIGURATIONS, runConfigurations } from './configuration/configurations.ts';
import { AGGREGATED_HOST } from './control-plane/aggregated-api.ts';
import { LIVE, runLive } from './control-plane/live.ts';
import { ENDPOINT_ADDRESS, HOSTS, makeBridge, TEST_ADDRESS } from './control-plane/network.ts';
import type { ControlPlanePlan } from './control-plane/node-configuration.ts';
import { NOT_ISSUED, runNotIssued } from './control-plane/not-issued.ts';
import { REFUSED, runRefused } from './control-plane/refused.ts';
import { RENEWAL, runRenewal } from './control-plane/renewal.ts';
import { ROLLBACK, runRollback } from './control-plane/rollback.ts';
import { withStaticPods } from './control-plane/static-pods.ts';
import { CORPORATE_ROOT, runCorporateRoot } from './corporate-root/corporate-root.ts';
import { CORPORATE_INIT, CORPORATE_SITE, runCorporateInit } from './corporate-root/kubeadm-init.ts';
import { CakelessService } from './harness/cakeless-service.ts';
import { innerFolder, runInside, settleInside, whyNoNamespaces } from './harness/namespaces.ts';
import {
  buildPrograms,
  CERTIFICATES_PROGRAMS,
  CONTROL_PLANE_PROGRAMS,
  CONTROL_PLANE_RELEASES,
  ETCD_RELEASE,
  installContainerRuntime,
  installTlsClients,
  KUBEADM_RELEASES,
  NODE_PROGRAMS,
  QUICK_RELEASE,
  WHOLE_RELEASE,
} from './harness/programs.ts';
import { Report } from './harness/report.ts';
import { cells } from './kubeadm/cells.ts';
import { FACTS, runFacts } from './kubeadm/facts.ts';
import { MATRIX, MATRIX_CHECKS, MATRIX_HEADER, runCell } from './kubeadm/matrix.ts';
import { NEW_CLIENT, OLD_CLIENT } from './rotation/observers/follower.ts';
import {
  COURSES,
  type Course,
  GATE_RULES,
  isCa,
  SITE as ROTATION_SITE,
  SMALL_SITE as SMALL_ROTATION_SITE,
} from './rotation/plan.ts';
import { ROTATION, runRotation } from './rotation/rotation.ts';
import { SITE as SAME_KEY_SITE, SMALL_SITE as SMALL_SAME_KEY_SITE } from './same-key/plan.ts';
import { runSameKey, SAME_KEY } from './same-key/same-key.ts';
import { removeOldGroups } from './whole-cluster/cgroups.ts';
import { hostsOf, STAGE } from './whole-cluster/plan.ts';
import { runWhole, WHOLE } from './whole-cluster/whole.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    report: { type: 'string' },
    only: { type: 'string' },
    /** Measures the certificates API with this many CSRs instead of checking it. */
    measure: { type: 'string' },
    outage: { type: 'boolean', default: false },
    /** Of the rotation, only this. */
    course: { type: 'string' },
  },
});
const PARTS = [
  'configurations',
  'matrix',
  'control-plane',
  'corporate-root',
  'certificates-api',
  'whole',
  'adoption',
  'rotation',
  'same-key',
];
if (values.only !== undefined && !PARTS.includes(values.only))
  throw new Error(`--only: one of ${PARTS.join(', ')}`);
/** Each of the others takes as long again as the rotations of all CAs. */
const isWanted = (course: Course) =>
  values.course === undefined ? !values.quick || isCa(course) : values.course === course;
const courses = COURSES.filter(isWanted);
if (courses.length === 0) throw new Error(`--course: one of ${COURSES.join(', ')}`);
/** As long as certificates of kubelets live: only in a complete run, or on request. */
const outage = values.outage || (values.only === undefined && !values.quick);
/** Parts that --quick omits unless --only names them. */
const LONG_PARTS = ['certificates-api', 'whole', 'adoption', 'rotation', 'same-key'];
const runs = (part: string) =>
  values.only === undefined ? !(values.quick && LONG_PARTS.includes(part)) : values.only === part;
/** It needs machines, too. */
const corporateInit = runs('corporate-root') && !values.quick;
const runsMachines = ['whole', 'adoption', 'rotation', 'same-key'].some(runs) || corporateInit;
const kubeadmReleases = values.quick ? [QUICK_RELEASE] : KUBEADM_RELEASES;
const csrReleases = values.quick || values.measure ? [QUICK_RELEASE] : CSR_RELEASES;
const liveReleases = values.quick ? [QUICK_RELEASE] : CONTROL_PLANE_RELEASES;

/** Different kinds of node and CA keys, so that each kind is used in both places. */
const planOf = (release: string): ControlPlanePlan =>
  release === CONTROL_PLANE_RELEASES[0]
    ? { release, kind: 'RSA-2048', caKeySpec: 'ECC_NIST_P256' }
    : { release, kind: 'ECDSA-P256', caKeySpec: 'RSA_2048' };

/** Their addresses differ: they are known to every process of a run. */
const SITES = [STAGE, SITE, CORPORATE_SITE, ROTATION_SITE, SAME_KEY_SITE];

async function outside(): Promise<number> {
  const why = await whyNoNamespaces();
  if (why !== undefined) {
    console.error(`cannot run here: ${why}`);
    return 1;
  }
  buildPrograms([
    ...(runs('matrix') || runs('configurations')
      ? kubeadmReleases.map((release) => [release, 'kubeadm'])
      : []),
    ...(runs('control-plane')
      ? liveReleases.map((release) => [release, ...CONTROL_PLANE_PROGRAMS])
      : []),
    ...(runs('corporate-root') ? [[QUICK_RELEASE, ...CONTROL_PLANE_PROGRAMS]] : []),
    ...(runs('certificates-api')
      ? csrReleases.map((release) => [release, ...CERTIFICATES_PROGRAMS])
      : []),
    ...(runsMachines ? [[WHOLE_RELEASE, ...NODE_PROGRAMS]] : []),
    ...(runs('rotation')
      ? [OLD_CLIENT, NEW_CLIENT].map((release) => [release, 'certificates-client'])
      : []),
    ['etcd', ETCD_RELEASE],
  ]);
  if (runsMachines) installContainerRuntime();
  if (runs('corporate-root')) installTlsClients();
  removeOldGroups();
  try {
    return await runInside();
  } finally {
    removeOldGroups();
  }
}

async function inside(folder: string): Promise<number> {
  await settleInside(folder, [...HOSTS, AGGREGATED_HOST, ...SITES.flatMap(hostsOf)]);
  await makeBridge([
    ...[TEST_ADDRESS, ENDPOINT_ADDRESS, WORKER.address],
    ...SITES.map(({ endpoint }) => endpoint.address),
  ]);
  process.env.CAKELESS_TEST_RUN = folder; // for what is made once in a run
  process.env.CAKELESS_GATE_RULES = JSON.stringify(GATE_RULES);
  const report = new Report();
  const service = await CakelessService.start(join(folder, 'service'));
  await service.openTo(TEST_ADDRESS);
  if (runs('configurations')) await runConfigurations(report, folder, kubeadmReleases);
  if (runs('matrix')) {
    await runMatrix(report, service, folder);
    for (const release of kubeadmReleases) await runFacts(report, service, folder, release);
  }
  for (const release of runs('control-plane') ? liveReleases : [])
    await runLive(report, service, folder, planOf(release), async (plane) => {
      await runNotIssued(report, service, plane);
      await runRefused(report, service, plane);
      await withStaticPods(plane, async (pods) => {
        await runRenewal(report, service, plane, pods);
        if (!values.quick) await runRollback(report, service, plane);
      });
    });
  if (runs('corporate-root')) await runBelowRoot(report, service, folder);
  if (runs('certificates-api')) await runCsrReleases(report, service, folder);
  await runMachines(report, service, folder);
  await service.stop();
  summarize(report);
  if (values.report !== undefined) report.write(values.report);
  return report.failed === 0 ? 0 : 1;
}

async function runBelowRoot(
  report: Report,
  service: CakelessService,
  folder: string,
): Promise<void> {
  await runCorporateRoot(report, service, folder, QUICK_RELEASE);
  if (corporateInit) await runCorporateInit(report, service, folder, WHOLE_RELEASE);
}

/** Clusters of machines with real kubelets. */
async function runMachines(
  report: Report,
  service: CakelessService,
  folder: string,
): Promise<void> {
  if (runs('whole')) {
    const plan = { release: WHOLE_RELEASE, renewals: !values.quick, outage };
    await runWhole(report, service, folder, plan);
  }
  if (runs('adoption')) {
    const site = values.quick ? SMALL_SITE : SITE;
    await runAdoption(report, service, folder, { release: WHOLE_RELEASE, site });
  }
  if (runs('rotation')) {
    const site = values.quick ? SMALL_ROTATION_SITE : ROTATION_SITE;
    const plan = { release: WHOLE_RELEASE, site, courses };
    await runRotation(report, service, folder, plan);
  }
  if (runs('same-key')) {
    const site = values.quick ? SMALL_SAME_KEY_SITE : SAME_KEY_SITE;
    await runSameKey(report, service, folder, { release: WHOLE_RELEASE, site });
  }
}

async function runCsrReleases(
  report: Report,
  service: CakelessService,
  folder: string,
): Promise<void> {
  if (values.measure !== undefined) {
    await runMeasurements(report, service, folder, QUICK_RELEASE, Number(values.measure));
    return;
  }
  for (const release of csrReleases) {
    // what takes long is the same in each release
    const quick = values.quick || release !== QUICK_RELEASE;
    await runCertificatesApi(report, service, folder, { release, quick });
  }
}

/** Two cells at a time: kubeadm uses one core, and the service the other. */
async function runMatrix(report: Report, service: CakelessService, folder: string): Promise<void> {
  await service.mustCakeless('administrator', ['trust-domain', 'create', 'matrix']);
  const queue = cells(kubeadmReleases);
  const work = async () => {
    for (let cell = queue.shift(); cell; cell = queue.shift())
      await runCell(report, service, folder, cell);
  };
  await Promise.all([work(), work()]);
}

function summarize(report: Report): void {
  const tables = [
    report.tableByCheck(CONFIGURATIONS, 'CONFIGURATIONS, READ AS KUBEADM READS THEM'),
    report.tableByRow(MATRIX, MATRIX_HEADER, MATRIX_CHECKS),
    report.tableByCheck(FACTS, 'KUBEADM AND WRONG FILES'),
    report.tableByCheck(LIVE, 'RUNNING CONTROL PLANE'),
    report.tableByCheck(REFUSED, 'REFUSED BY THE REAL PROGRAM'),
    report.tableByCheck(NOT_ISSUED, 'NOT ISSUED BY CAKELESS'),
    report.tableByCheck(RENEWAL, 'RENEWED WHILE RUNNING'),
    ...(values.quick ? [] : [report.tableByCheck(ROLLBACK, 'ROLLED BACK WHILE RUNNING')]),
    report.tableByCheck(CORPORATE_ROOT, 'BELOW A CORPORATE ROOT'),
    report.tableByCheck(CORPORATE_INIT, 'KUBEADM INIT BELOW A CORPORATE ROOT'),
    report.tableByCheck(CERTIFICATES_API, 'CERTIFICATES API'),
    report.tableByCheck(WHOLE, 'KUBEADM INIT, JOIN AND RENEWAL'),
    report.tableByCheck(ADOPTION, 'ADOPTED WHILE RUNNING'),
    report.tableByCheck(ROTATION, 'ROTATED WHILE RUNNING'),
    report.tableByCheck(SAME_KEY, 'CAS RENEWED WITH THE SAME KEYS'),
  ];
  for (const table of tables.filter((lines) => lines.length > 1))
    console.log(`\n${table.join('\n')}`);
  console.log(`\n${report.passed} passed, ${report.failed} failed`);
}

const folder = innerFolder();
if (folder === undefined) process.exitCode = await outside();
else process.exit(await inside(folder));
