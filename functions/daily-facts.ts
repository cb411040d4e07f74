/** What the daily checks share, because reading it takes most of their calls. */
import { listClusterRecords } from '../lib/cluster/list-records.ts';
import type { ClusterRecord } from '../lib/cluster/record.ts';
import type { ExpiryEntry } from '../lib/contract/expiry-key.ts';
import { dayOf } from '../lib/expiry/expiry-index.ts';
import { readNewest } from '../lib/expiry/read-newest.ts';
import type { Fault } from '../lib/fault.ts';
import type { Service } from '../lib/service.ts';
import type { Reporter } from './report.ts';

export interface DailyFacts {
  readonly now: Date;
  /** The day of `now` in UTC. */
  readonly today: string;
  /** For a record that cannot be read, the fault. */
  readonly records: ReadonlyMap<string, ClusterRecord | Fault>;
  /** The newest certificate of each line of the expiry index. */
  readonly entries: readonly ExpiryEntry[];
}

/**
 * 500 listing calls, about a minute. It is enough for a month of 6,000 kubelets whose certificates live for a day, or of
 * 45 whose certificates live for ten minutes. Of more, the last days are read.
 */
const MOST_PAST = 500_000;

/** @param firstDay what expired earlier is not read */
export async function readDailyFacts(
  { authority, now: clock }: Pick<Service, 'authority' | 'now'>,
  reporter: Reporter,
  firstDay: (now: Date) => string,
): Promise<DailyFacts> {
  const records = await listClusterRecords(authority);
  const now = clock();
  const [today, from] = [dayOf(now), firstDay(now)];
  const newest = await readNewest(authority, { today, from, mostPast: MOST_PAST });
  if (newest.readFrom > from)
    reporter.logger.warn('the expiry index is too large to read what expired earlier', {
      readFrom: newest.readFrom,
    });
  return { now, today, records, entries: newest.entries };
}
