import { EXIT } from '../../../../client/exit-codes.ts';
import { kubeconfigText } from '../../../../client/node/disk/kubeconfig-text.ts';
import { snapshot, useFleet } from '../../../support/fleet.ts';
import { itPreparesFirstControlPlane } from './first-control-plane.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe('the first control plane, 1.37.2 v4-p256', () => {
  itPreparesFirstControlPlane(fleet, '1.37.2', 'v4-p256');
});

it('a dry run writes and sends nothing', async () => {
  const node = await newNode();
  const before = snapshot(node.folder);
  const { exitCode, text } = await node.prepare({ dryRun: true, output: 'text' });
  expect(exitCode).toBe(EXIT.done);
  expect(text).toMatch(/apiserver +would be requested +CN=kube-apiserver +ECDSA-P256/);
  expect(snapshot(node.folder)).toEqual(before);
  expect(await fleet.service.keys('exchange', `requests/${node.cluster}/`)).toEqual([]);
});

it('an incomplete kubeconfig has neither a CA nor a certificate, like those of generate-csr', () => {
  const text = kubeconfigText({ server: 's', clusterName: 'c', userName: 'u', privateKey: 'k' });
  expect(text).not.toMatch(/certificate/);
});
