/** caBundles with which the API server verifies what it calls. They matter only if they hold a CA of the trust domain. */
import type { ApiCrd, ApiService, ApiWebhooks } from './api-objects.ts';
import { isTrue } from './api-objects.ts';
import type { CaDigests } from './ca-digests.ts';
import type { Lists } from './lists.ts';

export interface CaBundle {
  readonly object: string;
  readonly sha256: readonly string[];
}

export interface CaBundles {
  readonly bundles: readonly CaBundle[];
  /** APIServices that are not Available. */
  readonly unavailable: readonly string[];
}

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1';

/** Only those with a CA certificate of the trust domain. */
export async function readCaBundles(lists: Lists, digests: CaDigests): Promise<CaBundles> {
  const bundles: CaBundle[] = [];
  const unavailable: string[] = [];
  const add = (object: string, caBundles: readonly unknown[]) => {
    const sha256 = [...new Set(caBundles.flatMap((one) => digests.oursOf(one)))];
    if (sha256.length > 0) bundles.push({ object, sha256 });
  };
  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  for await (const { metadata, spec, status } of lists.each<ApiService>('apiservices', services)) {
    const { name = '' } = metadata ?? {};
    add(`apiservice/${name}`, [spec?.caBundle]);
    if (spec?.service && !isTrue(status?.conditions, 'Available')) unavailable.push(name);
  }
  for (const kind of ['validatingwebhookconfiguration', 'mutatingwebhookconfiguration'])
    for await (const one of lists.each<ApiWebhooks>(`${kind}s`, `${WEBHOOKS}/${kind}s`))
      add(
        `${kind}/${one.metadata?.name ?? ''}`,
        (one.webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle),
      );
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for await (const { metadata, spec } of lists.each<ApiCrd>('customresourcedefinitions', crds))
    add(`customresourcedefinition/${metadata?.name ?? ''}`, [
      spec?.conversion?.webhook?.clientConfig?.caBundle,
    ]);
  return { bundles, unavailable };
}
