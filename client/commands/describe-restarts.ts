/** Describes the results of restarts, and chooses their exit code. */
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { RestartResult } from '../node/restart/restart.ts';

export function describeRestart(result: RestartResult): string {
  const { component } = result;
  switch (result.state) {
    case 'restarted':
      return `${component} was restarted and is healthy`;
    case 'not-on-this-node':
      return `${component} does not run on this node: nothing to restart`;
    case 'by-hand':
      return `restart ${component} by hand: ${result.reason}`;
    case 'unhealthy':
      return `${component} was already unhealthy, and still is: ${result.reason}`;
    case 'failed':
      return `${component}: ${result.reason}`;
  }
}

/** What needs attention although the files are correct. */
export function exitCodeOfRestarts(restarts: readonly RestartResult[]): ExitCode {
  const has = (...states: RestartResult['state'][]) =>
    restarts.some(({ state }) => states.includes(state));
  if (has('unhealthy', 'failed')) return EXIT.unhealthy;
  return has('by-hand') ? EXIT.byHand : EXIT.done;
}
