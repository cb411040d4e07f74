/** Options that the commands on a node share; kubeadm's own names where kubeadm has them. */
import type { Command } from 'commander';
import { NODE_CONFIG_FILE } from '../node/node-config.ts';
import { collect } from '../options.ts';
import { clusterOption, nodeOption } from './place-options.ts';

export function addNodeOptions(command: Command): Command {
  return command
    .addOption(clusterOption())
    .addOption(nodeOption())
    .option(
      '--node-config <file>',
      `who this node is (default: ${NODE_CONFIG_FILE} if it is there)`,
    );
}

export function addFolderOptions(command: Command): Command {
  return command
    .option('--cert-dir <dir>', 'where the certificates lie (default: pki below --kubeconfig-dir)')
    .option('--kubeconfig-dir <dir>', 'where the kubeconfigs lie (default: /etc/kubernetes)');
}

export function addKubeletOption(command: Command): Command {
  return command.option(
    '--kubelet-dir <dir>',
    "the kubelet's certificates (default: /var/lib/kubelet/pki, with kubeconfigs in /etc/kubernetes)",
  );
}

export function addAlsoOption(command: Command): Command {
  return command.option(
    '--also <file>',
    'a copy of a kubeconfig that follows it, such as ~/.kube/config; may be given several times',
    collect,
  );
}
