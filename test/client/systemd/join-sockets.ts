import type { Socket } from 'node:net';

/** What one end says the other hears; an end that breaks off ends for itself. */
export function joinSockets(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const end of [one, other]) end.on('error', () => end.destroy());
}
