/** A service in memory that adopts CAs. */
import { adoptCas } from '../../../lib/ca/adopt.ts';
import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { prepareAdoption } from '../../../lib/ca/prepare-adoption.ts';
import type { AdoptableCa, CasToAdopt } from '../../../lib/ca/trust-domain-request.ts';
import {
  AFTER_ADOPTION,
  type ExistingCas,
  importAll,
  readAdoptedSet,
} from '../../support/adopted-cas.ts';
import { openCaService } from '../../support/ca-service.ts';

export const TRUST_DOMAIN = 'prod';
export const existing = readAdoptedSet('kubeadm-1.35.4-p256');
export const strangers = readAdoptedSet('kubeadm-1.37.2-p384');

export function opened() {
  const { keys, service } = openCaService(AFTER_ADOPTION);
  return {
    service,
    keys,
    authority: service.authority,
    exchange: service.exchange,
    prepare: (cas: CasToAdopt) =>
      prepareAdoption(service, keys, {
        action: 'prepare-adoption',
        trustDomain: TRUST_DOMAIN,
        cas,
      }),
    adopt: (cas: CasToAdopt) =>
      adoptCas(service, keys, { action: 'adopt', trustDomain: TRUST_DOMAIN, cas }),
    create: (more: object = {}) =>
      createTrustDomain(service, keys, { trustDomain: TRUST_DOMAIN, validityDays: 3650, ...more }),
  };
}

type Opened = ReturnType<typeof opened>;

export const importInto = (
  world: Opened,
  cas: ExistingCas = existing,
  only?: readonly AdoptableCa[],
) => importAll(world.service, world.keys, TRUST_DOMAIN, cas, only);

export const isEmpty = ({ authority, exchange }: Opened) =>
  authority.objects.size === 0 && exchange.objects.size === 0;
