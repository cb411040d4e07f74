/** What the record does not allow is not issued, is explained in the cluster, and is issued once the record allows it. */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { conditionsOf, SIGNERS } from './api.ts';
import { changeRecord } from './cluster-record.ts';
import { addressesOf, bringWorker, register } from './nodes.ts';
import { workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const FOREIGN = '10.20.9.7';
const FOREIGN_RANGE = '10.20.9.0/24';
const QUIET_MS = 40_000;

export const REFUSE_CHECKS = [
  'a serving CSR with an address that the record does not allow stays pending, and says why',
  'its kubelet does not ask again',
  'a serving CSR is served that came before its Node had addresses',
  'another address of the node is served at once, without a denial',
  'once the record allows the address, the same CSR is issued',
];

export async function checkRefusals(check: Check, setting: Setting): Promise<void> {
  const { api } = setting;
  const node = workerNamed('foreign');
  const username = `system:node:${node}`;
  let name = '';
  await check(
    'a serving CSR with an address that the record does not allow stays pending, and says why',
    async () => {
      await bringWorker(setting, node, addressesOf(node, FOREIGN));
      const csr = await until(
        'its CSR',
        async () => (await api.csrs({ signerName: SIGNERS.serving, username }))[0],
      );
      name = csr.metadata.name;
      return setting.refusal(name, FOREIGN);
    },
  );
  const refusedAt = Date.now();
  await check('a serving CSR is served that came before its Node had addresses', async () => {
    const late = workerNamed('late');
    const kubelet = setting.kubelet(late, [], { listen: '127.0.0.1:0' });
    await kubelet.certificate('client', 60_000);
    kubelet.setAddresses(addressesOf(late, '10.20.1.20'));
    await until('its CSR', async () => (await servingOf(setting, late))[0]);
    await new Promise((done) => setTimeout(done, 10_000)); // its Node comes ten seconds later
    await register(setting, kubelet, addressesOf(late, '10.20.1.20'));
    await kubelet.certificate('serving', 60_000);
    return onlyIssued(setting, late);
  });
  await check('another address of the node is served at once, without a denial', async () => {
    const moved = workerNamed('moved');
    const kubelet = await bringWorker(setting, moved, addressesOf(moved, '10.20.1.21'));
    await kubelet.certificate('serving', 60_000);
    await register(setting, kubelet, addressesOf(moved, '10.20.1.22', 'fd00:20::22'));
    const { names = [] } = await kubelet.certificate('serving', 60_000, 2);
    if (names.join() !== [moved, '10.20.1.22', 'fd00:20::22'].join()) throw new Error(names.join());
    return onlyIssued(setting, moved);
  });
  await check('its kubelet does not ask again', async () => {
    const left = QUIET_MS - (Date.now() - refusedAt);
    await new Promise((done) => setTimeout(done, Math.max(0, left)));
    const all = await api.csrs({ signerName: SIGNERS.serving, username });
    if (all.length !== 1) throw new Error(`${all.length} CSRs`);
    const refused = (await api.events(all[0]?.metadata.uid ?? '')).filter(
      ({ reason }) => reason === 'CertificateRefused',
    );
    if (refused.length !== 1) throw new Error(`${refused.length} Events`);
    return `one CSR and one Event after ${Math.round((Date.now() - refusedAt) / 1000)} s`;
  });
  await check('once the record allows the address, the same CSR is issued', async () => {
    await changeRecord(setting.service, setting.cluster, setting.folder, (record) => ({
      ...record,
      nodeRules: (record.nodeRules as { addressRanges: string[] }[]).map((rule) => ({
        ...rule,
        addressRanges: [...rule.addressRanges, FOREIGN_RANGE],
      })),
    }));
    const changed = Date.now();
    await api.issued(name, 260_000); // attempts 2 and 3 follow after a minute and after two more
    return `${name} ${Math.round((Date.now() - changed) / 1000)} s later: ${conditionsOf(await api.csr(name))}`;
  });
}

const servingOf = (setting: Setting, node: string) =>
  setting.api.csrs({ signerName: SIGNERS.serving, username: `system:node:${node}` });

async function onlyIssued(setting: Setting, node: string): Promise<string> {
  const all = await servingOf(setting, node);
  const bad = all.filter((csr) => conditionsOf(csr) !== 'Approved' || !csr.status.certificate);
  if (bad.length > 0) throw new Error(bad.map((csr) => JSON.stringify(csr.status)).join());
  return `${all.length} CSRs, all issued`;
}
