/** The plan of a control plane, and the kubeadm configuration of each of its nodes. */
import { stringify } from 'yaml';
import { minorOf } from '../harness/programs.ts';
import type { KeyKind } from '../kubeadm/configurations.ts';
import { ENDPOINT_ADDRESS, ENDPOINT_NAME, type NodeAddress } from './network.ts';

export interface ControlPlanePlan {
  readonly release: string;
  /** Algorithm of the nodes' keys. */
  readonly kind: KeyKind;
  /** Key specification of the CAs, as `cakeless trust-domain create --key-spec` names them. */
  readonly caKeySpec: string;
  /** Of the cluster and the trust domain. @default one of the release */
  readonly name?: string;
  /** What the controller manager publishes to pods. @default pki/ca.crt */
  readonly rootCaFile?: string;
}

export function configuration(
  { release, kind, rootCaFile }: Pick<ControlPlanePlan, 'release' | 'kind' | 'rootCaFile'>,
  { name, address }: NodeAddress,
): string {
  const isOld = minorOf(release) < 31; // has neither v1beta4 nor a choice of keys
  const apiVersion = `kubeadm.k8s.io/${isOld ? 'v1beta3' : 'v1beta4'}`;
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 },
    nodeRegistration: { name, criSocket: 'unix:///run/containerd/containerd.sock' },
  };
  const cluster = {
    apiVersion,
    kind: 'ClusterConfiguration',
    kubernetesVersion: `v${release}`,
    clusterName: 'prod',
    controlPlaneEndpoint: `${ENDPOINT_NAME}:6443`,
    networking: { serviceSubnet: '10.96.0.0/12', podSubnet: '10.244.0.0/16' },
    apiServer: { certSANs: [ENDPOINT_ADDRESS] },
    ...(rootCaFile !== undefined && {
      controllerManager: { extraArgs: [{ name: 'root-ca-file', value: rootCaFile }] },
    }),
    ...(isOld ? {} : { encryptionAlgorithm: kind }),
  };
  return [init, cluster].map((document) => stringify(document)).join('---\n');
}
