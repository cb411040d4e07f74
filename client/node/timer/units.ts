/** The systemd units of `cakeless install-timer`, as text in the source: the bundle is a single file. */
import { HARDENING } from '../units/hardening.ts';
import { commandWord, unitPath, unitWord } from '../units/unit-words.ts';
import type { Interval } from './interval.ts';

export const TIMER = 'cakeless-renew.timer';
export const AT_BOOT = 'cakeless-restore-manifests.service';

export interface UnitOptions {
  /** How the unit calls cakeless, quoted for ExecStart. */
  readonly command: string;
  /** Absolute paths of folders that it writes to, in addition to kubeadm's. */
  readonly writable: readonly string[];
  /** As for `renew --if-expires-within`. */
  readonly expiresWithin: string;
  readonly interval: Interval;
  /** Absolute path, usually /etc/kubernetes. */
  readonly kubeconfigDir: string;
}

export function unitFiles({
  command,
  writable,
  kubeconfigDir,
  expiresWithin,
  interval,
}: UnitOptions): Record<string, string> {
  const more = writable.map((folder) => ` -${unitWord(folder)}`).join('');
  return {
    'cakeless-renew.service': SERVICE.replace('@CAKELESS@', () => command)
      .replace('@HARDENING@', () => HARDENING)
      .replace('@EXPIRES_WITHIN@', () => commandWord(expiresWithin))
      .replace('@WRITABLE@', () => more),
    [TIMER]: timerUnit(interval),
    [AT_BOOT]: RETURN.replace('@HELD@', () =>
      unitPath(`${kubeconfigDir}/cakeless/held-manifests`),
    ).replace('@KUBECONFIG_DIR@', () => commandWord(kubeconfigDir)),
  };
}

const SERVICE = `# Renews certificates of this node that expire soon. /etc/kubernetes/cakeless.yaml says which node this is.
[Unit]
Description=Renew kubeadm certificates through Cakeless
Documentation=man:cakeless(1) https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/
Wants=network-online.target
After=network-online.target
ConditionPathExists=/etc/kubernetes/cakeless.yaml

[Service]
# not oneshot: systemd before 244 (RHEL 8) refuses a oneshot that has Restart=
Type=simple
ExecStart=@CAKELESS@ renew all --if-expires-within @EXPIRES_WITHIN@
# 4: a request waits for an approver, or another node is restarting its components; the next run resumes
SuccessExitStatus=4
# a killed run may have moved a manifest away; the next one puts it back
Restart=on-abnormal
RestartSec=30
RuntimeMaxSec=2h
# AWS credentials or an endpoint, for nodes without an instance role
EnvironmentFile=-/etc/kubernetes/cakeless.env
# keys are never readable by others, whatever mode a program asks for
UMask=0077

# It writes to /etc/kubernetes (certificates, manifests, its state), the kubelet's certificates, copies of kubeconfigs in
# root's home, and the folders in cakeless.yaml; everything else is read-only. "-": the folder may be missing.
ProtectSystem=strict
ReadWritePaths=/etc/kubernetes -/var/lib/kubelet/pki -/root/.kube@WRITABLE@
# it reads /proc of the components and restarts the kubelet over the system bus; it needs nothing else from the kernel
@HARDENING@
# root's access to other users' files, but none of root's other capabilities
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
`;

/** A shell command: it must work without the network, and before the kubelet starts and looks for manifests. */
const RETURN = `# A power failure during a restart leaves a manifest here; without it etcd or the API server would not start.
[Unit]
Description=Put back the manifests that an interrupted renewal had moved away
Before=kubelet.service
ConditionDirectoryNotEmpty=@HELD@

[Service]
Type=oneshot
# -n: a manifest that someone created in the meantime takes precedence
ExecStart=/bin/sh -c 'mv -n "$$0"/cakeless/held-manifests/*.yaml "$$0"/manifests/' @KUBECONFIG_DIR@

[Install]
WantedBy=multi-user.target
`;

const timerUnit = ({ words, onCalendar, randomDelaySeconds }: Interval) =>
  `# Runs ${words}. RandomizedDelaySec spreads the nodes of a fleet; Persistent catches up after the machine was off.
[Unit]
Description=Renew kubeadm certificates through Cakeless, ${words}

[Timer]
OnCalendar=${onCalendar}
RandomizedDelaySec=${randomDelaySeconds}
Persistent=true

[Install]
WantedBy=timers.target
# systemctl enable and disable include it
Also=${AT_BOOT}
`;
