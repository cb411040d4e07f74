import { caCsrPrefix } from '../contract/ca-csr-record.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import type { Service } from '../service.ts';

/** Whether a certificate was requested for a CA version from an outside CA. */
export async function isRequested(
  { authority }: Pick<Service, 'authority'>,
  name: CaVersionName,
): Promise<boolean> {
  for await (const _ of authority.list(caCsrPrefix(name))) return true;
  return false;
}
