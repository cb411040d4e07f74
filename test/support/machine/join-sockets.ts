import type { Socket } from 'node:net';

/** Copies data both ways; an error closes only the socket on which it happens. */
export function joinSockets(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const end of [one, other]) end.on('error', () => end.destroy());
}
