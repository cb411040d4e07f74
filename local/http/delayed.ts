import type { Timers } from '../surroundings.ts';
import type { RequestHandler } from './listener.ts';

/**
 * Delays each call by this time, as a network would. Calls of the functions are delayed too, so that a measurement
 * includes what the service waits for.
 */
export function delayed(
  handler: RequestHandler,
  delayMs: number,
  { setTimeout }: Pick<Timers, 'setTimeout'>,
): RequestHandler {
  if (delayMs <= 0) return handler;
  return {
    ...handler,
    async respond(request) {
      await new Promise<void>((resolve) => setTimeout(resolve, delayMs));
      return handler.respond(request);
    },
  };
}
