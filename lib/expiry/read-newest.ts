/**
 * The newest certificate of each line, from the expiry index. A line is what one renewal replaces: the certificates of one
 * cluster, node and name.
 */
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import { parseExpiryKey } from '../contract/expiry-key.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { dayBefore } from './expiry-index.ts';

/** A kubelet has one client certificate, which `kubeadm join`, `cakeless renew` or a forwarder obtains. */
const SAME_LINE: ReadonlyMap<string, string> = new Map([['kubelet-client', 'kubelet.conf']]);

/** Which line of its node a certificate of this name belongs to. */
export const lineOfName = (certificateName: string): string =>
  SAME_LINE.get(certificateName) ?? certificateName;

export class NewestEntries {
  readonly #newest = new Map<string, ExpiryEntry>();

  add(entry: ExpiryEntry): void {
    const line = `${entry.cluster}/${entry.node}/${lineOfName(entry.certificateName)}`;
    const known = this.#newest.get(line);
    if (!known || known.day < entry.day) this.#newest.set(line, entry);
  }

  all(): ExpiryEntry[] {
    return [...this.#newest.values()];
  }
}

export interface Span {
  readonly today: string;
  /** What expired before this day is not read. */
  readonly from: string;
  /**
   * How many certificates that have expired are read: those of kubelets may live for minutes, and all of them are in the
   * index.
   */
  readonly mostPast: number;
}

export interface Newest {
  readonly entries: readonly ExpiryEntry[];
  /** The first day that was read completely: later than `from` if there were more than `mostPast`. */
  readonly readFrom: string;
}

/** Reads the days that have passed backwards, so that a limit leaves out what expired longest ago. */
export async function readNewest(
  authority: Pick<ObjectStore, 'list'>,
  { today, from, mostPast }: Span,
): Promise<Newest> {
  const newest = new NewestEntries();
  const { expiry } = AUTHORITY_PREFIXES;
  await readInto(newest, authority.list(expiry, `${expiry}${today}`), Number.POSITIVE_INFINITY);
  let readFrom = today;
  let left = mostPast;
  while (readFrom > from) {
    const day = dayBefore(readFrom);
    left -= await readInto(newest, authority.list(`${expiry}${day}/`), left);
    if (left <= 0) break;
    readFrom = day;
  }
  return { entries: newest.all(), readFrom };
}

/** @returns how many keys were read, at most `most` */
async function readInto(
  newest: NewestEntries,
  keys: AsyncIterable<{ readonly key: string }>,
  most: number,
): Promise<number> {
  let read = 0;
  for await (const { key } of keys) {
    const entry = parseExpiryKey(key);
    if (entry) newest.add(entry);
    read += 1;
    if (read >= most) break;
  }
  return read;
}
