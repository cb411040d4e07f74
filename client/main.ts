/** The command `cakeless`: reads its arguments, calls, and turns errors into words and an exit code. */
import { Command, CommanderError } from 'commander';
import { Fault } from '../lib/fault.ts';
import { addApprovalCommands } from './commands/approvals.ts';
import { addCheckExpirationCommand } from './commands/check-expiration.ts';
import { addClusterCommands } from './commands/cluster.ts';
import { addCsrCommand } from './commands/csr.ts';
import { addFetchCommand } from './commands/fetch.ts';
import { addInstallTimerCommand } from './commands/install-timer.ts';
import { addInviteCommand } from './commands/invite.ts';
import { addKubeconfigCommand } from './commands/kubeconfig.ts';
import { addLocalCommand } from './commands/local.ts';
import { addPackCommand } from './commands/pack.ts';
import { addPrepareCommand } from './commands/prepare.ts';
import { addRelayCommand } from './commands/relay.ts';
import { addRenewCommand } from './commands/renew.ts';
import { addRollbackCommand } from './commands/rollback.ts';
import { addStandingApprovalCommand } from './commands/standing-approval.ts';
import { addSubmitCommand } from './commands/submit.ts';
import { addTrustDomainCommands } from './commands/trust-domain.ts';
import { connect } from './connection.ts';
import { CommandError } from './errors.ts';
import { EXIT, EXIT_OF_ERROR, type ExitCode } from './exit-codes.ts';
import { helpSettings } from './help.ts';
import { explainSystemError } from './system-errors.ts';
import { terminal as ownTerminal, type Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

/** @param args without node and script */
export async function main(
  args: readonly string[],
  terminal: Terminal = ownTerminal,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(terminal, explainSystemError(error, process.geteuid?.()));
  }
}

export function buildProgram(terminal: Terminal, exit: (code: ExitCode) => void): Command {
  const program = new Command('cakeless')
    .description('kubeadm clusters whose CA keys live in AWS KMS')
    .version(VERSION)
    .exitOverride()
    .configureHelp(helpSettings)
    .showHelpAfterError('(--help says more)');
  const connection = connect(process.env);
  addCsrCommand(program, terminal, exit);
  addSubmitCommand(program, connection, terminal);
  addFetchCommand(program, connection, terminal, exit);
  addRenewCommand(program, terminal, exit);
  addRollbackCommand(program, terminal, exit);
  addInstallTimerCommand(program, terminal);
  addPrepareCommand(program, connection, terminal, exit);
  addCheckExpirationCommand(program, terminal, exit);
  addInviteCommand(program, connection, terminal);
  addPackCommand(program, terminal);
  addRelayCommand(program, connection, terminal, exit);
  addKubeconfigCommand(program, connection, terminal, exit);
  addTrustDomainCommands(program, connection, terminal);
  addClusterCommands(program, connection, terminal);
  addApprovalCommands(program, connection, terminal);
  addStandingApprovalCommand(program, connection, terminal);
  addLocalCommand(program);
  return program;
}

function explain(terminal: Terminal, error: unknown): ExitCode {
  const say = (message: string, hint?: string) => {
    terminal.progress(`cakeless: ${message}`);
    if (hint !== undefined) terminal.progress(`cakeless: ${hint}`);
  };
  // commander has said what is wrong already; asking for help is no error
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof CommandError) {
    say(error.message, error.hint);
    return EXIT_OF_ERROR[error.code];
  }
  if (error instanceof Fault) return explainFault(error, say);
  const known = error instanceof Error ? error : new Error(String(error));
  say(
    process.env.CAKELESS_DEBUG ? (known.stack ?? known.message) : known.message,
    'CAKELESS_DEBUG=1 shows where',
  );
  return EXIT.failure;
}

function explainFault(
  { code, message }: Fault,
  say: (message: string, hint?: string) => void,
): ExitCode {
  if (code === 'unavailable') {
    say(
      message,
      'is the service running, and AWS_ENDPOINT_URL or AWS_REGION right? The same command can be run again',
    );
    return EXIT.unreachable;
  }
  if (code === 'not-allowed') {
    say(
      message,
      'check the AWS credentials, and that they are the ones for this cluster, node or role',
    );
    return EXIT.denied;
  }
  say(message);
  return code === 'request-malformed' ? EXIT.usage : EXIT.failure;
}
