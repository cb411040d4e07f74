import type { ClusterRecord } from '../../../lib/cluster/record.ts';
import { findCaExpiries } from '../../../lib/expiry/find-ca-expiry.ts';
import { Fault } from '../../../lib/fault.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import { InMemoryService, START, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { importAllSubordinates } from '../../support/subordinate-cas.ts';

const uses = (trustDomain: string) => ({ trustDomain }) as ClusterRecord;
const MALFORMED = new Fault('document-malformed', 'no JSON');

it.each<[string, [string, ClusterRecord | Fault][], string | undefined]>([
  ['of the trust domain that a cluster names', [['prod', uses(TRUST_DOMAIN)]], TRUST_DOMAIN],
  ['not of one that no cluster names', [['prod', uses('other')]], undefined],
  ['of any trust domain, where a record cannot be read', [['prod', MALFORMED]], TRUST_DOMAIN],
  ['of no trust domain, where there are no clusters', [], undefined],
])('%s', async (_, records, trustDomain) => {
  const { authority } = await InMemoryService.open();
  authority.seed(`trust/${TRUST_DOMAIN}/ca.crt`, 'ignored');
  const [found] = await findCaExpiries(authority, new Map(records));
  expect(found?.trustDomain).toBe(trustDomain);
  if (found) expect(found.notAfter.toISOString()).toBe('2036-11-21T12:00:00.000Z');
});

it('considers the CAs that a trust domain has', async () => {
  const { authority, document } = await InMemoryService.open();
  const { ca } = document.cas;
  authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify({ ...document, cas: { ca } }));
  const [found] = await findCaExpiries(authority, new Map([['prod', uses(TRUST_DOMAIN)]]));
  expect(found?.ca).toBe('ca');
});

it('considers the certificates above a subordinate CA', async () => {
  const rootEnds = new Date('2031-01-01T00:00:00Z');
  const corporate = new CorporateRoot({ root: { notAfter: rootEnds } });
  const { authority } = await InMemoryService.openAdopted(START, (service, keys) =>
    importAllSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca']),
  );
  const [found] = await findCaExpiries(authority, new Map([['prod', uses(TRUST_DOMAIN)]]));
  expect(found).toEqual({ trustDomain: TRUST_DOMAIN, ca: 'ca', notAfter: rootEnds });
});
