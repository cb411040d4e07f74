/** A bucket with millions of objects that are made only when they are listed. It counts the calls and the keys. */
import type { ListedObject, ObjectStore } from '../../lib/store/object-store.ts';

/** Objects whose keys are ordered by their index. */
export interface ObjectRange {
  readonly count: number;
  readonly key: (index: number) => string;
  readonly at: Date;
}

/** One object. */
export const single = (key: string, at: Date): ObjectRange => ({ count: 1, key: () => key, at });

/** An index as text whose order is that of the numbers. */
export const padded = (index: number) => String(index).padStart(8, '0');

export class LazyStore implements Pick<ObjectStore, 'list'> {
  ranges: ObjectRange[];
  /** Calls of `list`; the reader takes one page of each. */
  calls = 0;
  /** Keys that were made. */
  keys = 0;

  constructor(ranges: ObjectRange[]) {
    this.ranges = ranges;
  }

  async *list(prefix: string, after = ''): AsyncGenerator<ListedObject> {
    this.calls += 1;
    const start = after > prefix ? after : prefix;
    const heads = this.ranges
      .map((range) => ({ range, index: firstFrom(range, start, after) }))
      .filter(({ range, index }) => index < range.count)
      .map(({ range, index }) => ({ range, index, key: range.key(index) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    for (;;) {
      const [head] = heads;
      if (!head?.key.startsWith(prefix)) return;
      this.keys += 1;
      yield { key: head.key, eTag: 'e', lastModified: head.range.at };
      head.index += 1;
      if (head.index === head.range.count) heads.shift();
      else {
        head.key = head.range.key(head.index);
        // usually it is still the first
        for (let i = 0; (heads[i + 1]?.key ?? '\u{10FFFF}') < head.key; i++)
          [heads[i], heads[i + 1]] = [heads[i + 1] as Head, head];
      }
    }
  }
}

interface Head {
  readonly range: ObjectRange;
  index: number;
  key: string;
}

/** The first index whose key is not before `start`, and after `after`. */
function firstFrom({ count, key }: ObjectRange, start: string, after: string): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(middle) < start || key(middle) === after) low = middle + 1;
    else high = middle;
  }
  return low;
}
