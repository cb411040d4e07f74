/** What `sign` checks before it calls KMS: its own draft, or a record that it finds. */
import type { IssueRecord } from '../contract/decision-record.ts';
import {
  type RejectionDocument,
  readRejection,
  type ViolationDocument,
} from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import { Fault } from '../fault.ts';
import { probedCa } from '../policy/choose-ca.ts';
import { declarationsChanged, recordMisfit } from '../policy/refusals.ts';
import { isKubeletName, isProbeName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import type { StoredObject } from '../store/object-store.ts';
import { type CheckedDraft, checkRecord } from './check-record.ts';
import { type Grounds, storedGrounds } from './grounds.ts';

/** Loaded with the first serving certificate of a kubelet, or the first record of a kubelet that another run wrote. */
const loadKubeletChecks = () => import('./certificates-api.ts');

const isServing = ({ certificateName }: IssueRecord) => certificateName === 'kubelet-serving';

/**
 * The version of a CA whose rotation has ended, or was canceled, signs nothing more: no node trusts it. A record
 * from before is genuine, so it is no misfit; the node, or the person, requests again.
 */
function whyEnded({ ca: { name, version, endedAt } }: CheckedDraft): string | undefined {
  return endedAt && `version ${version} of ${name} no longer signs: no node trusts it any more`;
}

/** What a probe is to find out is known when its rotation has gone on. */
async function whyNotProbed(
  grounds: Grounds,
  { certificateName, trustDomain, ca, caVersion }: IssueRecord,
): Promise<string | undefined> {
  if (!isProbeName(certificateName)) return undefined;
  const document = await grounds.trustDomain(trustDomain);
  const probed = document && probedCa(document, ca);
  if (probed?.version === caVersion) return undefined;
  return `no rotation to version ${caVersion} of ${ca} is in phase trust`;
}

/**
 * Before the record is written: a draft that fails leaves no record, so a fixed release decides again.
 * @throws Fault lint-failed, which is a bug here
 */
export async function checkOwn(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  record: IssueRecord,
  grounds: Grounds,
): Promise<CheckedDraft> {
  const check = await checkRecord(service, address, record, object, grounds);
  if (!check.fits) throw new Fault('lint-failed', check.misfits.join('; '));
  const undeclared = isServing(record)
    ? (await (await loadKubeletChecks()).checkKubelet(grounds, address, record)).misfits
    : [];
  const problems = [whyEnded(check) ?? [], undeclared].flat();
  if (problems.length === 0) return check;
  throw new Fault('lint-failed', problems.join('; '));
}

export interface NotSigned {
  readonly fits: false;
  readonly violations: readonly ViolationDocument[];
  /** Set if the record may be forged. */
  readonly misfits?: readonly string[];
}

/** A request has one outcome, even if the CSR or an approval comes after the record was found not to fit. */
export async function checkFound(
  service: Service,
  address: RequestAddress,
  record: IssueRecord,
  csr: StoredObject | undefined,
): Promise<CheckedDraft | NotSigned> {
  const earlier = await readRejection(service.exchange, outcomeKeys(address).rejected);
  if (earlier) return asBefore(earlier);
  const grounds = storedGrounds(service.authority);
  const check = await checkRecord(service, address, record, csr, grounds);
  if (!check.fits) return doesNotFit(check.misfits);
  const ended = whyEnded(check) ?? (await whyNotProbed(grounds, record));
  if (ended !== undefined) return { fits: false, violations: [declarationsChanged([ended])] };
  if (!isKubeletName(record.certificateName)) return check;
  const { checkFoundKubelet } = await loadKubeletChecks();
  const found = await checkFoundKubelet(service, grounds, address, record);
  if (found.fits) return check;
  return 'misfits' in found ? doesNotFit(found.misfits) : found;
}

const doesNotFit = (misfits: readonly string[]): NotSigned => ({
  fits: false,
  violations: [recordMisfit(misfits)],
  misfits,
});

function asBefore({ violations }: RejectionDocument): NotSigned {
  return violations.some(({ code }) => code === 'declarations-changed')
    ? { fits: false, violations }
    : doesNotFit(['an earlier run found that it does not fit']);
}
