/** A request id is used once for a certificate: under it lies one CSR, and it never changes. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { findStaged } from '../csr/staging.ts';
import { holdsCsr, RequestTakenError } from '../exchange/exchange.ts';
import { findOutcomes } from '../exchange/outcomes.ts';
import { closeNames, type OpenRequest } from './request-journal.ts';

/**
 * For an id that somebody gave, before anything is journaled under it: with a fixed id in a script the second renewal
 * would ask for something that the service never takes, and each later run would try again.
 * @throws CommandError if another CSR of one of the names was asked for under it
 */
export async function refuseTaken(
  exchange: ObjectStore,
  place: { readonly cluster: string; readonly node: string; readonly request: string },
  names: readonly CertificateName[],
  csrDir: string | undefined,
): Promise<void> {
  const taken: CertificateName[] = [];
  for (const { requestKey } of await findOutcomes(exchange, place)) {
    const name = nameOfKey(requestKey);
    if (name === undefined || !names.includes(name)) continue;
    const given = csrDir === undefined ? undefined : findStaged(csrDir, name);
    if (given && (await holdsCsr(exchange, requestKey, readFileSync(given.csrFile)))) continue;
    taken.push(name);
  }
  if (taken.length === 0) return;
  throw new CommandError(
    'usage',
    `request ${place.request} was used before for ${[...new Set(taken)].join(', ')}; nothing was asked`,
    'leave --request out, or choose another id for each renewal',
  );
}

export interface Taken {
  readonly name: CertificateName;
  readonly request: string;
}

/**
 * Uploads a request; where another CSR lies under its key, such as after its keys were lost here, that name is closed.
 * @returns what is left open, and what was closed
 */
export async function uploadWhatIsFree(
  request: OpenRequest,
  upload: () => Promise<unknown>,
): Promise<{ readonly left: OpenRequest; readonly taken: readonly Taken[] }> {
  let left = request;
  const taken: Taken[] = [];
  while (left.open.length > 0)
    try {
      await upload();
      break;
    } catch (error) {
      const name = error instanceof RequestTakenError ? nameOfKey(error.key) : undefined;
      const staged = name && findStaged(request.folder, name);
      if (!name || !staged) throw error;
      await rm(staged.csrFile);
      left = await closeNames(left, [name]);
      taken.push({ name, request: request.request });
    }
  return { left, taken };
}

function nameOfKey(requestKey: string): CertificateName | undefined {
  const address = parseRequestKey(requestKey);
  return address && certificateNameOf(address.path);
}
