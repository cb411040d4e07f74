/** Kubelets get their certificates, use them, and renew them. */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { type Csr, conditionsOf, SIGNERS } from './api.ts';
import { checkCertificate } from './check-certificate.ts';
import type { KubeletEvent, KubeletProgram } from './kubelet-program.ts';
import { recordsBelow } from './ledger.ts';
import { addressesOf, bringWorker, register } from './nodes.ts';
import { OTHER_CONTROL_PLANES, WORKER, workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const KUBELET_PORT = 10250;
const QUICKLY_MS = 5000;

export const ISSUE_CHECKS = [
  'a new worker with a bootstrap token has both certificates within 5 s',
  'each status has one certificate, for the key, names and usage of its CSR',
  "the ledger has one record for each of them, with the certificate's serial number",
  'the kubelet logs in, and serves clients that verify its certificate with kubelet-ca',
  "a control plane's own kubelet is served below the prefix of its node",
  'no forwarder serves a control plane for anyone else',
];

/** The kubelets that later checks use. */
export interface Served {
  readonly worker: KubeletProgram;
  readonly controlPlane: KubeletProgram;
}

export async function checkIssuing(check: Check, setting: Setting): Promise<Served> {
  const { api } = setting;
  let worker: KubeletProgram | undefined;
  await check('a new worker with a bootstrap token has both certificates within 5 s', async () => {
    await warmUp(setting);
    worker = await bringWorker(
      setting,
      WORKER.name,
      addressesOf(WORKER.name, WORKER.address),
      `${WORKER.address}:${KUBELET_PORT}`,
    );
    await worker.certificate('serving', 60_000);
    const took = [];
    for (const csr of await api.csrs()) took.push(await secondsOf(csr, worker));
    const slow = took.filter(({ seconds }) => seconds * 1000 > QUICKLY_MS);
    const words = took.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', ');
    if (slow.length > 0 || took.length !== 2) throw new Error(words);
    return words;
  });
  await check('each status has one certificate, for the key, names and usage of its CSR', () =>
    checkStatuses(setting),
  );
  await check(
    "the ledger has one record for each of them, with the certificate's serial number",
    () => checkLedger(setting, 'csr'),
  );
  await check(
    'the kubelet logs in, and serves clients that verify its certificate with kubelet-ca',
    async () => {
      const seen = await until('a log-in', () => (worker as KubeletProgram).events('logged in')[0]);
      const lines = await scrape(setting, [`${WORKER.address}:${KUBELET_PORT}`]);
      return `${seen.user}; ${lines}`;
    },
  );
  let controlPlane: KubeletProgram | undefined;
  await check("a control plane's own kubelet is served below the prefix of its node", async () => {
    controlPlane = await serveControlPlane(setting);
    return checkLedger(setting, setting.first.name);
  });
  await check('no forwarder serves a control plane for anyone else', () =>
    refuseStolenName(setting),
  );
  return { worker: worker as KubeletProgram, controlPlane: controlPlane as KubeletProgram };
}

/** The first request of a kind loads code, in AWS as here. */
async function warmUp(setting: Setting): Promise<void> {
  const { api } = setting;
  await setting.invent(workerNamed('first'));
  const [csr] = await api.csrs();
  await api.issued(csr?.metadata.name ?? '', 60_000);
  await api.deleteCsrs();
}

/** From the creation of a CSR, in whole seconds, to the kubelet's use of the certificate. */
async function secondsOf({ metadata, spec }: Csr, kubelet: KubeletProgram) {
  const which = spec.signerName === SIGNERS.client ? 'client' : 'serving';
  const { at } = await kubelet.certificate(which, 1000);
  const seconds = (Date.parse(at) - Date.parse(metadata.creationTimestamp)) / 1000;
  return { name: which, seconds: Math.max(0, seconds) };
}

async function checkStatuses(setting: Setting): Promise<string> {
  const seen = [];
  for (const csr of await setting.api.csrs()) {
    const isServing = csr.spec.signerName === SIGNERS.serving;
    const leaf = await checkCertificate(csr, setting.trust(isServing ? 'kubelet-ca' : 'ca'));
    seen.push(`${conditionsOf(csr)}: ${leaf.subject.replace('\n', ' ')}`);
  }
  return seen.join('; ');
}

/** @param place the node, or `csr` */
export async function checkLedger(setting: Setting, place: string): Promise<string> {
  const records = await recordsBelow(setting.service, `${setting.cluster}/${place}/`);
  const lines = [];
  for (const csr of await setting.api.csrs()) {
    const of = records.filter(({ key }) => key.split('/')[2]?.split('.')[0] === csr.metadata.uid);
    if (of.length === 0) continue;
    if (of.length !== 1) throw new Error(`${csr.metadata.name}: ${of.map(({ key }) => key)}`);
    const ca = setting.trust(csr.spec.signerName === SIGNERS.serving ? 'kubelet-ca' : 'ca');
    const { serialNumber } = await checkCertificate(csr, ca);
    if (serialNumber.toLowerCase() !== of[0]?.serial.toLowerCase())
      throw new Error(`record ${of[0]?.serial}, certificate ${serialNumber}`);
    lines.push(of[0]?.key);
  }
  if (lines.length === 0) throw new Error(`no record: ${records.map(({ key }) => key)}`);
  return lines.join(', ');
}

/** The connection of metrics-server. */
export async function scrape(setting: Setting, at: readonly string[]): Promise<string> {
  const authority = setting.first.file('pki/kubelet-ca.crt');
  const lines = await setting.client([
    ...['scrape', '-kubelet-certificate-authority', authority, ...at],
  ]);
  return lines.map(({ address, subject }) => `${address} is ${subject}`).join(', ');
}

/** As after kubeadm init: the certificate in kubelet.conf is replaced at once. */
async function serveControlPlane(setting: Setting): Promise<KubeletProgram> {
  const { first } = setting;
  const kubeconfig = first.root.read('kubelet.conf');
  const listen = '127.0.0.1:0';
  const kubelet = setting.kubelet(first.name, [], { listen, kubeconfig });
  await kubelet.certificate('client', 60_000, 2);
  await register(setting, kubelet, addressesOf(first.name, first.address));
  await kubelet.certificate('serving', 60_000);
  return kubelet;
}

/** Kubernetes approves what a bootstrap token asks for in the name of a control plane. */
async function refuseStolenName(setting: Setting): Promise<string> {
  const { api } = setting;
  const node = OTHER_CONTROL_PLANES[0]?.name ?? '';
  await setting.invent(node);
  const [csr] = await api.csrs({ username: setting.bootstrapUser }).then((all) => all.slice(-1));
  if (!csr) throw new Error('no CSR');
  const words = await setting.refusal(csr.metadata.name);
  const now = await api.csr(csr.metadata.name);
  if (conditionsOf(now) !== 'Approved' || now.status.certificate)
    throw new Error(conditionsOf(now));
  return words;
}

export const RENEWS = 'certificates of ten minutes are renewed without a gap';

/** @param minutes how long both kubelets have to have run; at least until each has renewed both certificates */
export async function checkRenewal(served: Served, minutes: number): Promise<string> {
  const kubelets = [served.worker, served.controlPlane];
  const kinds = ['client', 'serving'] as const;
  const certificates = (kubelet: KubeletProgram, which: 'client' | 'serving') =>
    kubelet.events('certificate', which);
  await until(
    'renewals',
    () => {
      for (const kubelet of kubelets)
        for (const which of kinds) {
          // the control plane's first client certificate is that of kubelet.conf
          const first = kubelet === served.controlPlane && which === 'client' ? 2 : 1;
          if (certificates(kubelet, which).length <= first)
            throw new Error(`${kubelet.node}: ${which}: ${kubelet.complaint()}`);
        }
      const started = Math.max(...kubelets.map(({ startedAt }) => startedAt));
      return Date.now() - started >= minutes * 60_000 || undefined;
    },
    (minutes + 12) * 60_000,
  );
  const bad = kubelets.flatMap((kubelet): KubeletEvent[] => [
    ...kubelet.events('gap'),
    ...kubelet.events('unusable'),
  ]);
  if (bad.length > 0) throw new Error(JSON.stringify(bad));
  const counts = kubelets.map((kubelet) =>
    kinds.map((which) => `${certificates(kubelet, which).length} ${which}`).join(' and '),
  );
  const logins = kubelets.flatMap((kubelet) => kubelet.events('logged in'));
  const resets = logins.reduce((sum, login) => sum + (login.resets ?? 0), 0);
  return `worker: ${counts[0]} certificates, control plane: ${counts[1]}; ${logins.length} logins, ${resets} connections reset`;
}
