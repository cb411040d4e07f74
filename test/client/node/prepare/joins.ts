/** The kubeadm configuration of nodes that join. */
import { newest } from '../../../support/fleet.ts';

/** Of a node that joins; `role` is the part that makes it a control plane. */
export const joinConfiguration = (role: string) => `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: cp-1.prod.example.com }
discovery: { bootstrapToken: { apiServerEndpoint: "api.prod.example.com:6443", token: abcdef.0123456789abcdef } }
${role}---
${(newest.configYaml ?? '').split('---\n')[1] ?? ''}`;

export const CONTROL_PLANE =
  'controlPlane: { localAPIEndpoint: { advertiseAddress: 10.20.0.11 } }\n';
