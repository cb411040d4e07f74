/** Options of approvers. */
import { InvalidArgumentError, Option } from 'commander';
import { MAX_REASON_LENGTH } from '../options.ts';

/** `--reason`. @param what the description */
export const reasonOption = (what: string) =>
  new Option('--reason <text>', `${what}; asked for on a terminal`).argParser((text: string) => {
    const reason = text.trim();
    if (reason !== '' && reason.length <= MAX_REASON_LENGTH) return reason;
    throw new InvalidArgumentError(`must have 1 to ${MAX_REASON_LENGTH} characters`);
  });

/** `--plan`: the digest as `cakeless request show` prints it. */
export const planOption = () =>
  new Option(
    '--plan <digest>',
    'approve only this plan, without asking; required in scripts',
  ).argParser((text: string) => {
    if (/^[0-9a-f]{64}$/.test(text)) return text;
    throw new InvalidArgumentError('must be the 64 hexadecimal digits of a plan');
  });
