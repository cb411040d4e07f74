/** A request id can be used once for each certificate name, because the CSR uploaded under it never changes. */
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';
import { removeDurably } from '../../../lib/files/durable-file.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { findStaged, type Staged } from '../csr/staging.ts';
import { holdsCsr, RequestTakenError } from '../exchange/exchange.ts';
import { findOutcomes, type RequestPlace } from '../exchange/outcomes.ts';
import { closeNames, type OpenRequest } from './request-journal.ts';

/**
 * For an id from the command line, before it is journaled: with a fixed id in a script, the second renewal would
 * request something that the service never accepts, and each later run would try again.
 * @throws CommandError if another CSR for one of the names was uploaded under the id
 */
export async function refuseUsedRequestId(
  exchange: ObjectStore,
  place: RequestPlace,
  names: readonly CertificateName[],
  csrDir: string | undefined,
): Promise<void> {
  const used = new Set<CertificateName>();
  for (const { requestKey } of await findOutcomes(exchange, place)) {
    const name = nameOfKey(requestKey);
    if (name === undefined || !names.includes(name)) continue;
    const given = csrDir === undefined ? undefined : findStaged(csrDir, name);
    if (given && (await holdsCsr(exchange, requestKey, readFile(given.csrFile).bytes))) continue;
    used.add(name);
  }
  if (used.size === 0) return;
  throw new CommandError(
    'usage',
    `request ${place.request} was already used for ${[...used].join(', ')}; nothing was uploaded`,
    'omit --request, or choose another id for each renewal',
  );
}

/** A certificate name whose request id has another CSR in the bucket. */
export interface ClosedName {
  readonly name: CertificateName;
  readonly request: string;
}

/**
 * Uploads a request. Names whose keys contain other CSRs, for example because this node lost the private keys, are closed.
 * @returns the request without the closed names, and the closed names
 */
export async function uploadOrClose(
  request: OpenRequest,
  upload: () => Promise<unknown>,
): Promise<{ readonly remaining: OpenRequest; readonly closed: readonly ClosedName[] }> {
  let remaining = request;
  const closed: ClosedName[] = [];
  while (remaining.open.length > 0)
    try {
      await upload();
      break;
    } catch (error) {
      if (!(error instanceof RequestTakenError)) throw error;
      const taken = error.keys.map((key) => stagedUnder(key, request));
      if (!taken.every((staged) => staged !== undefined)) throw error;
      for (const { csrFile } of taken) await removeDurably(csrFile);
      const names = taken.map(({ name }) => name);
      remaining = await closeNames(remaining, names);
      closed.push(...names.map((name) => ({ name, request: request.request })));
    }
  return { remaining, closed };
}

function stagedUnder(key: string, { folder }: OpenRequest): Staged | undefined {
  const name = nameOfKey(key);
  return name && findStaged(folder, name);
}

function nameOfKey(requestKey: string): CertificateName | undefined {
  const address = parseRequestKey(requestKey);
  return address && certificateNameOf(address.path);
}
