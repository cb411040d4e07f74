/** Options that the commands on a node share, with kubeadm's own names where kubeadm has them. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import { parseExpiresWithin } from '../node/disk/expires-within.ts';
import { KUBEADM_FOLDERS } from '../node/disk/kubeadm-folders.ts';
import { CAKELESS_YAML } from '../node/state/config-files.ts';
import { collect, durationSeconds } from '../options.ts';
import { suggest } from '../suggestions.ts';
import { addPlaceOptions } from './place-options.ts';

/** Who this node is. */
export function addNodeOptions(command: Command, words?: Parameters<typeof addPlaceOptions>[1]) {
  return addPlaceOptions(command, words).addOption(nodeConfigOption());
}

/** @param what the command reads from the file */
export const nodeConfigOption = (what = 'cluster, name, bucket and folders of this node') =>
  new Option('--node-config <file>', `${what} (default: ${CAKELESS_YAML}, if it exists)`);

const CERT_DIR = 'pki below --kubeconfig-dir';
/** The default of commands that also read a kubeadm configuration. */
export const CERT_DIR_WITH_CONFIG = `${CERT_DIR} if that is given, otherwise certificatesDir of --config`;

/** Which certificates: the command itself reports a wrong name, with what kubeadm calls it. */
export const namesArgument = (form: '<names...>' | '[names...]') =>
  suggest(new Argument(form), [...CERTIFICATE_NAMES, 'all']);

/** Where this node's files are. */
export function addFolderOptions(command: Command, certDir = CERT_DIR): Command {
  return command
    .option('--cert-dir <dir>', `folder of the certificates (default: ${certDir})`)
    .option(
      '--kubeconfig-dir <dir>',
      `folder of the kubeconfigs (default: ${KUBEADM_FOLDERS.kubeconfigDir})`,
    );
}

export const kubeletDirOption = () =>
  new Option(
    '--kubelet-dir <dir>',
    `folder of the kubelet's certificates (default: ${KUBEADM_FOLDERS.kubeletDir} if the kubeconfigs are in ${KUBEADM_FOLDERS.kubeconfigDir})`,
  );

export function addAlsoOption(command: Command): Command {
  return command.option(
    '--also <file>',
    'a copy of a kubeconfig to update as well, such as ~/.kube/config; may be given several times',
    collect,
  );
}

/** @param seconds by default, for outcomes only */
export const waitOption = (seconds: number) =>
  new Option(
    '--wait <duration>',
    `how long to wait for outcomes and approvals (default: ${seconds}s for outcomes, no wait for approvals)`,
  ).argParser(durationSeconds);

/** How a systemd unit is installed. */
export function addUnitOptions(command: Command): Command {
  return command
    .option('--print', 'print the units; install nothing')
    .option('--dry-run', 'show what would be written and called; change nothing')
    .option('--remove', 'stop and remove the units')
    .option('--replace', 'replace units that were changed by hand')
    .option(
      '--command <command>',
      'how the unit calls cakeless (default: as this command was called)',
    )
    .option('--unit-dir <dir>', 'folder for the units', '/etc/systemd/system');
}

export const expiresWithinOption = (what: string) =>
  new Option('--if-expires-within <time>', what).argParser((text) => {
    const rule = parseExpiresWithin(text);
    if (rule) return rule;
    throw new InvalidArgumentError('must be a time such as 60d or 12h, or a fraction such as 1/3');
  });

export const noReportOption = () =>
  new Option('--no-report', 'do not write the report of this node to the exchange bucket');
