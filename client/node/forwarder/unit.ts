/** The systemd unit of `cakeless install-csrsigning`, as text in the source. */

import { CAKELESS_YAML } from '../state/config-files.ts';
import { HARDENING } from '../units/hardening.ts';
import { commandWord, unitPath } from '../units/unit-words.ts';

export const CSRSIGNING = 'cakeless-csrsigning.service';

export interface CsrsigningUnitOptions {
  /** How the unit calls cakeless, quoted for ExecStart. */
  readonly command: string;
  /** Absolute path of cakeless-csrsigning.conf. */
  readonly kubeconfig: string;
  /** Absolute path of the node's configuration file, if it is not the default one. */
  readonly nodeConfig?: string | undefined;
}

export function csrsigningUnit(options: CsrsigningUnitOptions): string {
  const { command, kubeconfig, nodeConfig } = options;
  const more = nodeConfig === undefined ? '' : ` --node-config ${commandWord(nodeConfig)}`;
  return UNIT.replace('@CAKELESS@', () => command)
    .replace('@OPTIONS@', () => more)
    .replace('@NODE_CONFIG@', () => unitPath(nodeConfig ?? CAKELESS_YAML))
    .replace('@KUBECONFIG@', () => unitPath(kubeconfig))
    .replace('@HARDENING@', () => HARDENING);
}

const UNIT = `# Has certificates that kubelets and users request in the cluster signed by Cakeless. It needs neither the kubelet nor
# an image: it also works when all certificates of the kubelets have expired.
[Unit]
Description=Forward CertificateSigningRequests to Cakeless
Documentation=man:cakeless(1) https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
Wants=network-online.target
After=network-online.target
ConditionPathExists=@NODE_CONFIG@
ConditionPathExists=@KUBECONFIG@
# it is restarted however often it fails
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=@CAKELESS@ csrsigning@OPTIONS@
Restart=always
RestartSec=5
# AWS credentials or an endpoint, for nodes without an instance role
EnvironmentFile=-/etc/kubernetes/cakeless.env
UMask=0077

# it writes nothing to disk
ProtectSystem=strict
# nor may it have others act for it: systemd and container runtimes obey root
InaccessiblePaths=-/run/systemd/private -/run/dbus -/run/containerd -/run/crio -/run/docker.sock -/run/cri-dockerd.sock
# it reads kubeconfig, CA files, credentials and the manifest of kube-controller-manager, and calls the API server and AWS
@HARDENING@
# root owns what it reads: it needs none of root's capabilities
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX

[Install]
WantedBy=multi-user.target
`;
