import type { Timers } from '../surroundings.ts';
import type { RequestHandler } from './listener.ts';

/**
 * A handler whose every call takes this much longer, as over a network: those of the functions, too, so that a
 * measurement counts what the service waits for.
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
