/** Submits the CSRs of a node without network access, and collects the objects that its `fetch` reads. */
import { trustDomainOfCertificate } from '../../lib/contract/outcomes.ts';
import { requestKey } from '../../lib/contract/request-key.ts';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import { LIMITS } from '../../lib/limits.ts';
import { isSubdomain } from '../../lib/names.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import type { StoredObject } from '../../lib/store/object-store.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import type { Outcome } from '../node/exchange/outcomes.ts';
import type { PackedCsrs } from '../node/exchange/pack-file.ts';
import { waitForOutcomes, waitOf } from '../node/exchange/poll-outcomes.ts';
import type { RelayFile } from '../node/exchange/relay-file.ts';
import { anyUploaded, throwFailures, uploadAll } from '../node/exchange/upload-all.ts';
import { getBundle } from '../node/trust/read-bundle.ts';
import { mapSideBySide } from '../side-by-side.ts';
import type { Terminal } from '../terminal.ts';

export interface Relayed {
  readonly outcomes: readonly Outcome[];
  readonly file: RelayFile;
}

/** @param seconds of `--wait` */
export async function relay(
  exchange: Exchange,
  terminal: Terminal,
  { csrs, ...place }: PackedCsrs,
  seconds: number | undefined,
  clock: Clock,
): Promise<Relayed> {
  const { cluster, node, request } = place;
  const requests = csrs.map(({ path, bytes }) => ({
    key: requestKey({ cluster, node, requestId: request, path }),
    bytes,
  }));
  const results = await uploadAll(exchange, requests);
  throwFailures(requests, results);
  const wait = { ...waitOf(seconds), afterUpload: anyUploaded(results) };
  const outcomes = await waitForOutcomes(exchange, { clock, terminal }, place, wait);
  const objects = await collectObjects(exchange, outcomes);
  return { outcomes, file: { cakelessOutcomes: 1, cluster, node, request, objects } };
}

/** Requests, outcomes, and the trust bundles of the certificates. */
async function collectObjects(
  exchange: Exchange,
  outcomes: readonly Outcome[],
): Promise<RelayFile['objects']> {
  const keys = new Set(
    outcomes.flatMap(({ requestKey, key }) => [requestKey, ...(key ? [key] : [])]),
  );
  const take = (key: string, object: StoredObject | undefined): RelayFile['objects'] => {
    if (!object || object.tooLarge || object.unreadable !== undefined) return []; // a request that contained a key has been deleted
    const { body, metadata } = object;
    return [{ key, body: Buffer.from(body).toString('base64'), metadata: { ...metadata } }];
  };
  const taken = await mapSideBySide([...keys], async (key) =>
    take(key, await exchange.get(key, LIMITS.maxOutcomeBytes)),
  );
  const objects = taken.flat();
  const trustDomains = new Set(objects.map(({ metadata }) => trustDomainOfCertificate(metadata)));
  const bundles = [...trustDomains]
    .filter(isSubdomain)
    .flatMap((trustDomain) => CA_NAMES.map((ca) => ({ trustDomain, ca })));
  const ofCas = await mapSideBySide(bundles, async ({ trustDomain, ca }) =>
    take(bundleKey(trustDomain, ca), await getBundle(exchange, trustDomain, ca)),
  );
  return [...objects, ...ofCas.flat()];
}
