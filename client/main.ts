/** The command `cakeless`: parses arguments, runs a command, and prints errors and chooses their exit codes. */
import { type Command, CommanderError } from 'commander';
import { Fault, type FaultCode } from '../lib/fault.ts';
import { systemClock } from './clock.ts';
import { addApprovalCommands } from './command-line/approvals.ts';
import { addCheckExpirationCommand } from './command-line/check-expiration.ts';
import { addClusterCommands } from './command-line/cluster.ts';
import { addCompletionCommand } from './command-line/completion.ts';
import { addCsrCommand } from './command-line/csr.ts';
import { addCsrSigningCommand } from './command-line/csrsigning.ts';
import { addFetchCommand } from './command-line/fetch.ts';
import { addInstallCsrsigningCommand } from './command-line/install-csrsigning.ts';
import { addInstallTimerCommand } from './command-line/install-timer.ts';
import { addInviteCommand } from './command-line/invite.ts';
import { addKubeconfigCommand } from './command-line/kubeconfig.ts';
import { addLocalCommand } from './command-line/local.ts';
import { addPackCommand } from './command-line/pack.ts';
import { addPrepareCommand } from './command-line/prepare.ts';
import { addRelayCommand } from './command-line/relay.ts';
import { addReleaseKeysCommand } from './command-line/release-keys.ts';
import { addRenewCommand } from './command-line/renew.ts';
import { addRequestCommand } from './command-line/request.ts';
import { addRollbackCommand } from './command-line/rollback.ts';
import { addSchemaCommand } from './command-line/schema.ts';
import { addStandingApprovalCommand } from './command-line/standing-approval.ts';
import { addSubmitCommand } from './command-line/submit.ts';
import { addTrustDomainCommands } from './command-line/trust-domain.ts';
import { connect } from './connection.ts';
import { CommandError } from './errors.ts';
import { EXIT, type ExitCode, exitCodeOfError } from './exit-codes.ts';
import { helpSettings } from './help.ts';
import { describeMissingPart, REINSTALL } from './incomplete.ts';
import { plainLine } from './plain-text.ts';
import { type Prompt, systemPrompt } from './prompt.ts';
import { explainSystemError } from './system-errors.ts';
import { terminal as ownTerminal, printText, type Terminal } from './terminal.ts';
import { UnknownFirst } from './unknown-first.ts';
import { versionText } from './version.ts';

/** How the command was started. */
export interface Form {
  /** Whether `cakeless local` can be run, which no other form has. */
  readonly inClone?: boolean;
  /** The commit of the sources, if they were not built. */
  readonly commit?: string | undefined;
}

/** @param args without node and script */
export async function main(
  args: readonly string[],
  terminal: Terminal = ownTerminal,
  prompt: Prompt = systemPrompt,
  form: Form = {},
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const exit = (code: ExitCode) => {
    exitCode = code;
  };
  const program = buildProgram(terminal, prompt, exit, form);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(terminal, explainSystemError(error, process.geteuid?.()));
  }
}

export function buildProgram(
  terminal: Terminal,
  prompt: Prompt,
  exit: (code: ExitCode) => void,
  { inClone = false, commit }: Form = {},
): Command {
  const program = new UnknownFirst('cakeless')
    .description('kubeadm clusters whose CA keys live in AWS KMS')
    .version(versionText(commit))
    .exitOverride()
    .configureHelp(helpSettings)
    .configureOutput({
      writeOut: (text) => printText(terminal.print, text),
      writeErr: (text) => printText(terminal.progress, text),
      outputError: (text, write) => write(asOwnError(text)),
    })
    .showHelpAfterError('cakeless: hint: run with --help for usage');
  const connection = connect(process.env);
  addCsrCommand(program, terminal, exit);
  addSubmitCommand(program, connection, terminal);
  addFetchCommand(program, connection, terminal, exit);
  addRenewCommand(program, terminal, exit);
  addRollbackCommand(program, terminal, exit);
  addReleaseKeysCommand(program, terminal, exit);
  addInstallTimerCommand(program, terminal);
  addCsrSigningCommand(program, connection, terminal, exit);
  addInstallCsrsigningCommand(program, terminal, exit);
  addPrepareCommand(program, connection, terminal, exit);
  addCheckExpirationCommand(program, terminal, exit);
  addInviteCommand(program, connection, terminal);
  addPackCommand(program, terminal);
  addRelayCommand(program, connection, terminal, exit);
  addKubeconfigCommand(program, connection, terminal, exit);
  const approver = { terminal, prompt, clock: systemClock };
  addTrustDomainCommands(program, connection, terminal, approver, exit);
  addClusterCommands(program, connection, terminal);
  addApprovalCommands(program, connection, approver);
  addRequestCommand(program, connection, approver);
  addStandingApprovalCommand(program, connection, approver);
  addSchemaCommand(program, terminal);
  addLocalCommand(program, terminal, inClone);
  addCompletionCommand(program, terminal);
  return program;
}

/**
 * Rewrites commander's errors into the form of ours: its prefix differs, and it explains in a second sentence. The only
 * newline that it adds is before a suggestion, which is a known word.
 */
function asOwnError(text: string): string {
  const [, message = text, suggested] =
    /^error: (.*?)(?:\n\(Did you mean ([^\n]*\?)\))?\n$/s.exec(text) ?? [];
  const hint = suggested === undefined ? '' : `cakeless: hint: did you mean ${suggested}\n`;
  return `cakeless: ${plainLine(asOwnMessage(message))}\n${hint}`;
}

const asOwnMessage = (message: string): string =>
  message
    .replace(
      /command-argument value ('.*') is invalid for argument '(.*?)'\. /,
      "argument '$2' $1: ",
    )
    .replace(/(?: is invalid\.|:) Allowed choices/, ': allowed choices')
    .replace(' is invalid. ', ': ')
    .replace("'. Expected", "': expected")
    .replace(/\.$/, '');

/** Prints an error, and returns the exit code for it. */
function explain(terminal: Terminal, error: unknown): ExitCode {
  // commander has printed its message already; --help and --version are not errors
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CommandError) printError(terminal, error.lines, error.hint);
  else if (error instanceof Fault) printError(terminal, [error.message], HINTS[error.code]);
  else explainUnexpected(terminal, error);
  return exitCodeOfError(error);
}

function explainUnexpected(terminal: Terminal, error: unknown): void {
  const missing = describeMissingPart(error);
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (process.env.CAKELESS_DEBUG) printError(terminal, (stack ?? message).split('\n'));
  else if (missing !== undefined) printError(terminal, [missing], REINSTALL);
  else printError(terminal, [message], 'set CAKELESS_DEBUG=1 to see a stack trace');
}

/** The one place that formats errors and hints (docs/style.md). */
function printError(terminal: Terminal, lines: readonly string[], hint?: string): void {
  const [message, ...listed] = lines;
  terminal.progress(`cakeless: ${message}`);
  for (const line of listed) terminal.progress(`  ${line}`);
  if (hint !== undefined) terminal.progress(`cakeless: hint: ${hint}`);
}

/** What to do about a fault, if that is the same for all of its kind. */
const HINTS: Readonly<Partial<Record<FaultCode, string>>> = {
  unavailable:
    'check that the service is running and that AWS_ENDPOINT_URL and AWS_REGION are correct, then retry',
  'not-allowed': 'check that the AWS credentials are those of this cluster, node or role',
  'not-configured':
    'set AWS_REGION, AWS credentials, and the names of the buckets as the deployment printed them; with cakeless local, load the file that --write-env names: set -a; . FILE; set +a',
};
