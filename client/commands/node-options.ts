/** Options that the commands on a node share; kubeadm's own names where kubeadm has them. */
import { type Command, Option } from 'commander';
import { KUBEADM_FOLDERS } from '../node/disk/places.ts';
import { CAKELESS_YAML } from '../node/state/cakeless-yaml.ts';
import { collect } from '../options.ts';
import { clusterOption, nodeOption } from './place-options.ts';

export function addNodeOptions(command: Command): Command {
  return command.addOption(clusterOption()).addOption(nodeOption()).addOption(nodeConfigOption());
}

export const nodeConfigOption = () =>
  new Option('--node-config <file>', `who this node is (default: ${CAKELESS_YAML} if it is there)`);

export function addFolderOptions(command: Command): Command {
  return command
    .option('--cert-dir <dir>', 'where the certificates lie (default: pki below --kubeconfig-dir)')
    .option('--kubeconfig-dir <dir>', 'where the kubeconfigs lie (default: /etc/kubernetes)');
}

export const kubeletDirOption = () =>
  new Option(
    '--kubelet-dir <dir>',
    `the kubelet's certificates (default: ${KUBEADM_FOLDERS.kubeletDir}, with kubeconfigs in ${KUBEADM_FOLDERS.kubeconfigDir})`,
  );

export function addAlsoOption(command: Command): Command {
  return command.option(
    '--also <file>',
    'a copy of a kubeconfig that follows it, such as ~/.kube/config; may be given several times',
    collect,
  );
}
