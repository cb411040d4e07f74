/** The calls of `sign` on a virtual clock. Only what both commits have may be imported: bench/round-trips.ts bundles this with either. */
import {
  ISSUANCE_RUNS,
  type IssuanceRun,
  type IssuanceRunName,
} from '../test/support/issuance-runs.ts';
import { PRICES } from './cost/prices.ts';

export interface MeasuredRun {
  readonly roundTrips: number;
  readonly wallMs: number;
  /** Besides those of the budgets. */
  readonly calls: number;
  readonly budgets: number;
  readonly certificates: number;
  /** S3 and KMS calls alone. */
  readonly dollars: number;
}

export type Measured = Record<IssuanceRunName, MeasuredRun>;

/** @param callMs how long each call takes */
export async function measureRoundTrips(callMs: number): Promise<Measured> {
  const measured: Partial<Measured> = {};
  for (const [name, run] of Object.entries(ISSUANCE_RUNS))
    measured[name as IssuanceRunName] = describe(await run(() => callMs), callMs);
  return measured as Measured;
}

function describe(
  { calls, outcomes, roundTrips: wallMs }: IssuanceRun,
  callMs: number,
): MeasuredRun {
  const budgets = calls.filter(({ key }) => key.startsWith('budgets/')).length;
  return {
    roundTrips: wallMs / callMs,
    wallMs,
    calls: calls.length - budgets,
    budgets,
    certificates: outcomes.filter((outcome) => outcome === 'issued').length,
    dollars: calls.reduce((sum, { call }) => sum + (PRICE_OF[call] ?? 0), 0),
  };
}

const PRICE_OF: Readonly<Record<string, number>> = {
  sign: PRICES.kmsSignEcc,
  get: PRICES.s3Get,
  getIfChanged: PRICES.s3Get,
  create: PRICES.s3Put,
  replace: PRICES.s3Put,
  put: PRICES.s3Put,
  list: PRICES.s3Put,
  remove: 0,
  areInFlight: PRICES.sqsRequest,
};
