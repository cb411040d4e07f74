import { writeDurably } from '../../lib/files/durable-file.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { printLines, printText, type Terminal } from '../terminal.ts';
import {
  requestKubeconfig,
  type UserOptions,
  type UserRequest,
} from '../users/request-kubeconfig.ts';
import { describe, exitCodeOf } from './fetch.ts';

export interface KubeconfigUserOptions extends UserOptions {
  readonly kubeconfigOut?: string;
}

export async function userKubeconfig(
  connection: Connection,
  terminal: Terminal,
  options: KubeconfigUserOptions,
): Promise<ExitCode> {
  const made = await requestKubeconfig(connection, terminal, options, systemClock);
  return made.kubeconfig === undefined
    ? explainMissing(terminal, made)
    : deliver(terminal, options.kubeconfigOut, made.kubeconfig, made);
}

const REQUEST_AGAIN = 'run cakeless kubeconfig user again, without --request';

/** Only a rejected request cannot be resumed. */
async function explainMissing(
  terminal: Terminal,
  { request, result, forget }: UserRequest,
): Promise<ExitCode> {
  const results = result ? [result] : [];
  printLines({ ...terminal, print: terminal.progress }, 'wide', describe(results, REQUEST_AGAIN));
  if (result?.outcome === 'rejected') await forget();
  else terminal.progress(resumeHint(request));
  return exitCodeOf(results);
}

/** The private key exists only here: it is deleted when it has been written to where the caller wants it. */
async function deliver(
  terminal: Terminal,
  file: string | undefined,
  kubeconfig: string,
  { request, forget }: UserRequest,
): Promise<ExitCode> {
  if (file === undefined) await print(terminal, kubeconfig, request);
  else await writeDurably(file, kubeconfig);
  await forget();
  return EXIT.done;
}

async function print(terminal: Terminal, kubeconfig: string, request: string): Promise<void> {
  printText(terminal.print, kubeconfig);
  const error = await terminal.lost?.();
  if (error === undefined) return;
  throw new CommandError(
    'failure',
    `the kubeconfig could not be written: ${error.message}; its key and certificate are kept`,
    resumeHint(request),
  );
}

const resumeHint = (request: string) => `to resume, run the same command with --request ${request}`;
