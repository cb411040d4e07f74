/** Options that say whose request is meant. Their values are part of object keys. */
import { type Command, Option } from 'commander';
import { subdomain } from '../options.ts';

interface PlaceWords {
  readonly cluster?: string;
  readonly node?: string;
  /** Whether both must be given; if not, the node's configuration file is the default. */
  readonly required?: boolean;
}

/** `--cluster` and `--node`, which every command about a node's request has. */
export function addPlaceOptions(command: Command, words: PlaceWords = {}): Command {
  const { cluster, node = 'this node, as kubeadm knows it', required: isRequired } = words;
  for (const option of [clusterOption(cluster), named('--node <name>', node)])
    command.addOption(isRequired ? required(option) : option);
  return command;
}

export const clusterOption = (what = 'the cluster') => named('--cluster <name>', what);
export const requestOption = (what: string) => named('--request <id>', what);
/** For a command that starts a request, which may choose its id. */
export const newRequestOption = (what = 'name of this request') =>
  requestOption(`${what} (default: the time and random digits)`);

export const invitationOption = () =>
  new Option(
    '--invitation <file>',
    'use this file from cakeless invite instead of AWS credentials',
  );

export const required = (option: Option): Option => option.makeOptionMandatory();

const named = (flags: string, what: string) => new Option(flags, what).argParser(subdomain);
