/** Options that say whose request is meant; what they name stands in object keys. */
import { Option } from 'commander';
import { subdomain } from '../options.ts';

export const clusterOption = (what = 'the cluster') => named('--cluster <name>', what);
export const nodeOption = (what = 'this node, as kubeadm knows it') => named('--node <name>', what);
export const requestOption = (what: string) => named('--request <id>', what);
/** Where a request begins, whose id need not be told. */
export const newRequestOption = (what = 'name of this request') =>
  requestOption(`${what} (default: the time and random digits)`);

export const invitationOption = () =>
  new Option(
    '--invitation <file>',
    'go by this file of `cakeless invite`, without AWS credentials',
  );

/** An option that has to be given. */
export const required = (option: Option): Option => option.makeOptionMandatory();

const named = (flags: string, what: string) => new Option(flags, what).argParser(subdomain);
