/**
 * Runs of `sign` for CSRs of the certificates API, as issuance-runs.ts has them for nodes. They are apart from those because
 * bench/round-trips.ts runs those with code that does not have the certificates API.
 */
import { recordKey } from '../../lib/contract/decision-record.ts';
import { bytesOf, clientCsr, keyOf, servingCsr } from './api-csr.ts';
import { type DurationOf, type IssuanceRun, openWarm, type World } from './issuance-runs.ts';

const WORKER = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };
const DECLARED = { nodes: [WORKER], csrSigning: { kubeletClient: {}, kubeletServing: {} } };

const CN = `system:node:${WORKER.name}`;
const client = (uid: string) => clientCsr({ cn: CN, uid });
const serving = (uid: string) =>
  servingCsr({ cn: CN, uid, names: [WORKER.name, ...WORKER.addresses] });

const UID = 'u-1';
/** Of the CSR that has a second attempt. */
const REPEATED = 'u-2';

/** The record of the attempt before, which the run of a second attempt reads. */
export const EARLIER_RECORD = recordKey(keyOf(client(REPEATED)));

function upload({ memory }: World, object: ReturnType<typeof client>, attempt = 1): string {
  const key = keyOf(object, 'csr', attempt);
  memory.exchange.seed(key, bytesOf(object));
  return key;
}

/** The process has seen CSRs of both kinds of the worker, which has drawn from the budget of its cluster. */
async function openForCsrs(durationOf: DurationOf): Promise<World> {
  const world = await openWarm(durationOf, DECLARED);
  for (const [i, object] of [client('w-1'), client('w-2'), serving('w-3')].entries()) {
    const { outcomes } = await world.process(upload(world, object));
    if (outcomes[0] !== 'issued') throw new Error(`CSR ${i} is not issued`);
  }
  return world;
}

/** Rejected while the record does not know the worker, which is then declared. */
async function rejectFirst(world: World): Promise<void> {
  const { memory } = world;
  const record = memory.authority.text('clusters/prod.json') ?? '';
  const unknown = JSON.stringify({
    ...JSON.parse(record),
    nodes: [{ ...WORKER, name: 'w-9' }],
  });
  memory.authority.seed('clusters/prod.json', unknown);
  await world.process(upload(world, client(REPEATED)));
  memory.authority.seed('clusters/prod.json', record);
}

async function redelivered(world: World, object: ReturnType<typeof client>) {
  const key = upload(world, object);
  await world.interrupt(key);
  return world.process(key);
}

export const CSR_RUNS = {
  "a kubelet's CSR for a client certificate, warm": async (durationOf?: DurationOf) => {
    const world = await openForCsrs(durationOf);
    return world.process(upload(world, client(UID)));
  },
  "a kubelet's CSR for a serving certificate, warm": async (durationOf?: DurationOf) => {
    const world = await openForCsrs(durationOf);
    return world.process(upload(world, serving(UID)));
  },
  'the second attempt of a CSR, warm': async (durationOf?: DurationOf) => {
    const world = await openForCsrs(durationOf);
    await rejectFirst(world);
    return world.process(upload(world, client(REPEATED), 2));
  },
  'a CSR for a client certificate, redelivered after a run that ended before the signature': async (
    durationOf?: DurationOf,
  ) => redelivered(await openForCsrs(durationOf), client(UID)),
  'a CSR for a serving certificate, redelivered after a run that ended before the signature':
    async (durationOf?: DurationOf) => redelivered(await openForCsrs(durationOf), serving(UID)),
} satisfies Record<string, (durationOf?: DurationOf) => Promise<IssuanceRun>>;

export type CsrRunName = keyof typeof CSR_RUNS;
