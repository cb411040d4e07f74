/** Nodes and their kubelets in the API, as a kubelet registers itself. */
import { until } from '../../support/until.ts';
import type { Api } from './api.ts';
import type { KubeletProgram, NodeAddress } from './kubelet-program.ts';
import type { Setting } from './setting.ts';

/** Creates the Node, or gives it other addresses, with the kubelet's own credential. */
export async function setNode(
  api: Api,
  name: string,
  addresses: readonly NodeAddress[],
): Promise<void> {
  const path = `/api/v1/nodes/${name}`;
  if ((await api.status('GET', path)) === 404)
    await api.ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  // controllers change it at the same time
  await until(`the addresses of ${name}`, async () => {
    const node = await api.ask<object>('GET', path);
    await api.ask('PUT', `${path}/status`, { ...node, status: { addresses } });
    return true;
  });
}

/** A worker with a bootstrap token that gets its client certificate, registers its Node, and asks for the other. */
export async function bringWorker(
  setting: Setting,
  name: string,
  addresses: readonly NodeAddress[],
  listen = '127.0.0.1:0',
): Promise<KubeletProgram> {
  const kubelet = setting.kubelet(name, [], { listen });
  await kubelet.certificate('client', 60_000);
  await register(setting, kubelet, addresses);
  return kubelet;
}

export async function register(
  setting: Setting,
  kubelet: KubeletProgram,
  addresses: readonly NodeAddress[],
): Promise<void> {
  const api = setting.apiOf(kubelet);
  await setNode(api, kubelet.node, addresses);
  api.close();
  kubelet.setAddresses(addresses);
}

export const addressesOf = (name: string, ...addresses: readonly string[]): NodeAddress[] => [
  { type: 'Hostname', address: name },
  ...addresses.map((address) => ({ type: 'InternalIP' as const, address })),
];
