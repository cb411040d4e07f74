/** The texts that fields of a cluster record may have. */
import * as z from 'zod/mini';
import { DURATION_FORM, parseDurationSeconds } from '../duration.ts';
import { canonicalIpAddress, parseAddressRange } from '../ip-address.ts';
import { isDnsName, isSubdomain, type JsonForm, SUBDOMAIN_FORM } from '../names.ts';
import { readSloppyAddress } from '../sloppy-address.ts';

/** @param json what JSON Schema can express of it (lib/schemas); the whole rule is `holds` */
export const text = (what: string, holds: (value: string) => boolean, json?: JsonForm) =>
  z
    .string()
    .check(z.refine(holds, { error: `must be ${what}`, ...(json && { params: { json } }) }));

export const subdomain = text('an RFC 1123 subdomain (lower case)', isSubdomain, SUBDOMAIN_FORM);

export const address = text('an IP address', (value) => canonicalIpAddress(value) !== undefined);

export const addressRange = text('a CIDR range', (value) => parseAddressRange(value) !== undefined);

/** With leading zeros, an address is an address for kubeadm, and a name for others. */
const isAddressLike = (value: string) => readSloppyAddress(value) !== undefined;

export const extraName = text(
  'an IP address, or a DNS name in lower case; a wildcard must be the whole first label',
  (value) => canonicalIpAddress(value) !== undefined || (isDnsName(value) && !isAddressLike(value)),
);

/** Of a kubelet: no certificate of a kubelet has a wildcard. */
export const kubeletName = text(
  'an IP address, or a DNS name in lower case without a wildcard',
  (value) =>
    canonicalIpAddress(value) !== undefined || (isSubdomain(value) && !isAddressLike(value)),
);

/** Something must follow the `*`: without it, the pattern would match names of any domain. */
export const kubeletNamePattern = text(
  'a DNS name in lower case with at most one *, which is not at its end',
  (value) =>
    value.split('*').length <= 2 &&
    !value.endsWith('*') &&
    isSubdomain(value.replace('*', 'x')) &&
    !isAddressLike(value.replace('*', '0')),
);

export const role = z.enum(['control-plane', 'worker']);

/** Principals, as S3 events name them (`AWS:AROAEXAMPLE:i-0abc`); a trailing * matches any ending. */
export const principals = z.optional(z.array(z.string().check(z.minLength(1))));

/** @param holds of its seconds */
export const duration = (what: string, holds: (seconds: number) => boolean = () => true) =>
  text(
    what,
    (value) => {
      const seconds = parseDurationSeconds(value);
      return seconds !== undefined && holds(seconds);
    },
    DURATION_FORM,
  );
