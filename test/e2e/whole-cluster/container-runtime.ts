/** containerd on a machine, with the images that its node needs, so that nothing is pulled. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import { Component } from '../control-plane/component.ts';
import { mustRun } from '../harness/program.ts';
import type { Machine } from './machine.ts';

/** Where Debian's package installs the plugins of a pod network, and where their releases do. */
const PLUGIN_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'];

/** @param sandboxImage the name of the pause image */
export async function startContainerd(machine: Machine, sandboxImage: string): Promise<Component> {
  const config = join(machine.folder, 'containerd.toml');
  const template = join(machine.folder, 'pods.conflist');
  writeFileSync(template, POD_NETWORK);
  writeFileSync(config, configuration(sandboxImage, template));
  const command = machine.inside(['containerd', '--config', config]);
  const containerd = new Component(command, machine.logFile('containerd'));
  await until(`containerd on ${machine.name}`, () => {
    if (!containerd.running)
      throw new Hopeless(`containerd ended: ${containerd.log().slice(-500)}`);
    return mustRun(machine.inside(['ctr', 'version']));
  });
  return containerd;
}

export async function importImage(machine: Machine, archive: string): Promise<void> {
  await mustRun(machine.inside(['ctr', '--namespace', 'k8s.io', 'images', 'import', archive]));
}

/**
 * Everything is at its usual path, which the machine has for itself. Without restrict_oom_score_adj, containers cannot
 * start if CAP_SYS_RESOURCE is missing.
 */
const configuration = (sandboxImage: string, podNetwork: string): string => `version = 2
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${PLUGIN_FOLDERS.find((folder) => existsSync(join(folder, 'bridge')))}"
  conf_template = "${podNetwork}"
`;

/**
 * Pods of one machine reach each other at addresses of the node's range. kubeadm does not install a pod network.
 */
const POD_NETWORK = `{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [{
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": true,
    "ipam": {
      "type": "host-local",
      "ranges": [{{range $i, $range := .PodCIDRRanges}}{{if $i}}, {{end}}[{"subnet": "{{$range}}"}]{{end}}],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`;
