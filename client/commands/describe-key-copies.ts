/** Describes which copies of CA keys a node has, for the commands that look for them. */
import type { KeyCopies } from '../node/disk/key-copies.ts';

export function describeKeyCopies({ copies, unread, searched, isComplete }: KeyCopies): string[] {
  return [
    ...copies.map(({ ca, file }) => `copy of the key of ${ca}: ${file}`),
    ...unread.map(({ file, why }) => `not searched for copies: ${file}: ${why}`),
    `searched for copies of the keys: ${searched.join(', ') || 'no folder'}${isComplete ? '' : ', but not everything in them'}; copies elsewhere cannot be found from here`,
  ];
}
