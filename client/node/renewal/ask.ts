/** Keys and CSRs for what is to be renewed, and their upload; what an earlier run asked for is gone on with. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { Terminal } from '../../terminal.ts';
import { adopt, findStaged, stage } from '../csr/staging.ts';
import { placeOf } from '../disk/places.ts';
import { type CertificateInPlace, readPlace } from '../disk/read-place.ts';
import type { LeftOut } from '../disk/select-names.ts';
import { newRequestId } from '../exchange/request-id.ts';
import { submit } from '../exchange/submit.ts';
import { desired, type RenewWish, type RenewWorld, selectWanted } from './options.ts';
import { refuseTaken, type Taken, uploadWhatIsFree } from './request-id-taken.ts';
import { closeNames, listRequests, type OpenRequest, openRequest } from './request-journal.ts';
import { byPlace, describeOther, refuseOthersId } from './request-of-others.ts';

export interface Asked {
  readonly requests: readonly OpenRequest[];
  readonly leftOut: readonly LeftOut[];
  readonly taken: readonly Taken[];
  /** What was kept and not gone on with. */
  readonly notes: readonly string[];
}

/** Uploads what is not uploaded yet; goes on with what earlier runs asked for. */
export async function ask(
  world: RenewWorld,
  wish: RenewWish,
  fresh: readonly CertificateName[],
): Promise<Asked> {
  const wanted = (name: CertificateName) => wish.names.includes('all') || wish.names.includes(name);
  if (wish.newRequest)
    for (const request of listRequests(world.stateDir))
      await closeNames(request, request.open.filter(wanted));
  const { own: open, others } = byPlace(listRequests(world.stateDir), wish);
  const selection = selectWanted(world, wish);
  const waiting = new Set([...open.flatMap((request) => request.open), ...fresh]);
  const toAsk = selection.present.filter(({ name }) => !waiting.has(name));
  if (toAsk.length > 0) {
    const { cluster, node, request = newRequestId(world.clock.now()) } = wish;
    const names = toAsk.map(({ name }) => name);
    refuseOthersId(request, others, wish);
    if (wish.request !== undefined)
      await refuseTaken(await world.exchange(), { cluster, node, request }, names, wish.csrDir);
    const createdAt = world.clock.now().toISOString();
    const replaces = Object.fromEntries(
      toAsk.map(({ name, leaf }) => [name, leaf.fingerprint256] as const),
    );
    await openRequest(world.stateDir, { cluster, node, request, createdAt, open: names, replaces });
  }
  const { own } = byPlace(listRequests(world.stateDir), wish);
  const mine = own.filter((request) => request.open.some(wanted));
  const requests: OpenRequest[] = [];
  const taken: Taken[] = [];
  for (const request of mine) {
    const uploaded = await upload(world, wish, request);
    requests.push(uploaded.left);
    taken.push(...uploaded.taken);
  }
  return {
    requests: requests.filter(({ open: names }) => names.length > 0),
    leftOut: selection.leftOut.filter(({ name }) => !waiting.has(name)),
    taken,
    notes: others
      .filter((request) => request.open.some(wanted))
      .map((request) => `${describeOther(request, wish)}: it is not sent`),
  };
}

async function upload(
  world: RenewWorld,
  wish: RenewWish,
  request: OpenRequest,
): ReturnType<typeof uploadWhatIsFree> {
  const places = request.open.map((name) => readPlace(placeOf(name, world.folders)));
  const gone = places.filter(({ state }) => state !== 'present').map(({ name }) => name);
  const left = gone.length > 0 ? await closeNames(request, gone) : request;
  if (left.open.length === 0) return { left, taken: [] };
  for (const place of places)
    if (place.state === 'present') await stageOne(left.folder, place, wish);
  const exchange = await world.exchange();
  return uploadWhatIsFree(left, () => submit(exchange, quiet(world.terminal), left.folder, left));
}

/** What is staged under a request may have been sent: it stays, whatever is wished for now. */
async function stageOne(folder: string, place: CertificateInPlace, wish: RenewWish): Promise<void> {
  if (findStaged(folder, place.name)) return;
  if (wish.csrDir !== undefined && (await adopt(folder, wish.csrDir, place.name))) return;
  await stage(folder, desired(place, wish));
}

/** Which of a hundred files was there already is of no use to a timer's log. */
const quiet = (terminal: Terminal): Terminal => ({
  ...terminal,
  progress: (line) => (line.startsWith('was there') ? undefined : terminal.progress(line)),
});
