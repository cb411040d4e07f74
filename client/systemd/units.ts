/** The systemd units of `cakeless install-timer`, as text: a bundle of one file has no files beside it. */

export const TIMER = 'cakeless-renew.timer';
export const AT_BOOT = 'cakeless-return.service';

export interface UnitWish {
  /** How the unit calls cakeless, as it stands in ExecStart. */
  readonly command: string;
  /** Absolute paths of folders that it writes to, besides kubeadm's own. */
  readonly writable: readonly string[];
  /** Absolute path; /etc/kubernetes on most nodes. */
  readonly kubeconfigDir: string;
}

export function unitFiles({ command, writable, kubeconfigDir }: UnitWish): Record<string, string> {
  const more = writable.map((folder) => ` -${unitWord(folder)}`).join('');
  return {
    'cakeless-renew.service': SERVICE.replace('@CAKELESS@', () => command).replace(
      '@WRITABLE@',
      () => more,
    ),
    [TIMER]: TIMER_UNIT,
    [AT_BOOT]: RETURN.replace('@HELD@', () =>
      unitPath(`${kubeconfigDir}/cakeless/held-manifests`),
    ).replace('@KUBECONFIG_DIR@', () => commandWord(kubeconfigDir)),
  };
}

/** A word in a unit file: quoted where it has to be, and no specifier (systemd.syntax(7), systemd.unit(5)). */
export function unitWord(word: string): string {
  const plain = word.replaceAll('%', '%%');
  return /^[\w%+,./:=@-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`;
}

/** All of a line is the path: quotes would be part of it. */
const unitPath = (path: string) => path.replaceAll('%', '%%');

/** A word of ExecStart, where a variable would be replaced, too (systemd.service(5)). */
export const commandWord = (word: string) => unitWord(word).replaceAll('$', '$$$$');

const SERVICE = `# Renews the certificates of this node that end soon. Who the node is stands in /etc/kubernetes/cakeless.yaml.
[Unit]
Description=Renew kubeadm certificates through Cakeless
Documentation=https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/
Wants=network-online.target
After=network-online.target
ConditionPathExists=/etc/kubernetes/cakeless.yaml

[Service]
# not oneshot: systemd before 244 (RHEL 8) refuses a oneshot that has Restart=
Type=simple
ExecStart=@CAKELESS@ renew all --if-expires-within 60d
# 4: something waits for an approver, or for another node's turn; the next run goes on
SuccessExitStatus=4
# a run that was killed may have moved a manifest away: the next one puts it back
Restart=on-abnormal
RestartSec=30
RuntimeMaxSec=2h
# AWS credentials or an endpoint, for nodes without an instance role
EnvironmentFile=-/etc/kubernetes/cakeless.env
# keys are never readable by others, whatever a program asks for
UMask=0077

# It writes below /etc/kubernetes (certificates, manifests, its own folder), the kubelet's certificates, copies of
# kubeconfigs in root's home, and what cakeless.yaml names besides; everything else is read-only. "-": need not be there.
ProtectSystem=strict
ReadWritePaths=/etc/kubernetes -/var/lib/kubelet/pki -/root/.kube@WRITABLE@
ProtectHome=read-only
PrivateTmp=yes
# it looks at /proc of the components and restarts the kubelet over the system bus; of the kernel it needs no more
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
NoNewPrivileges=yes
SystemCallArchitectures=native
# what services need; the rest is refused, as if the kernel did not have it for this user
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
# no MemoryDenyWriteExecute: Node.js compiles what it runs
# root may write files of other users; nothing else that root may
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
`;

/** Plain shell: at boot there may be no network, and the kubelet is to find every manifest when it starts. */
const RETURN = `# A power cut while a component was restarted leaves its manifest here; without it etcd or the API server would not start.
[Unit]
Description=Put back the manifests that a renewal which was cut off had moved away
Before=kubelet.service
ConditionDirectoryNotEmpty=@HELD@

[Service]
Type=oneshot
# -n: one that somebody put there in the meantime counts
ExecStart=/bin/sh -c 'mv -n "$$0"/cakeless/held-manifests/*.yaml "$$0"/manifests/' @KUBECONFIG_DIR@

[Install]
WantedBy=multi-user.target
`;

const TIMER_UNIT = `# Looks every day. RandomizedDelaySec keeps the nodes of a fleet from asking at once; Persistent makes up for a day off.
[Unit]
Description=Renew kubeadm certificates through Cakeless, daily

[Timer]
OnCalendar=daily
RandomizedDelaySec=12h
Persistent=true

[Install]
WantedBy=timers.target
`;
