/** What became of the components that had to be restarted, for people and for monitoring. */
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { RestartResult } from '../node/restart/restart.ts';

export function describeRestart(result: RestartResult): string {
  const { component } = result;
  switch (result.state) {
    case 'restarted':
      return `${component} was restarted and is healthy`;
    case 'not-here':
      return `${component} does not run on this node: nothing to restart`;
    case 'by-hand':
      return `restart ${component} by hand: ${result.reason}`;
    case 'unwell':
      return `${component} was not healthy before, and is not now: ${result.reason}`;
    case 'failed':
      return `${component}: ${result.reason}`;
  }
}

/** What somebody has to see to though the files are right. */
export function exitCodeOfRestarts(restarts: readonly RestartResult[]): ExitCode {
  if (restarts.some(({ state }) => state === 'unwell' || state === 'failed')) return EXIT.unhealthy;
  return restarts.some(({ state }) => state === 'by-hand') ? EXIT.byHand : EXIT.done;
}
