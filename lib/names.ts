/** Names in object keys: clusters, nodes, request ids, trust domains. */

/** RFC 1123 subdomain as in Kubernetes: labels of lower-case letters, digits and hyphens, separated by dots. */
const SUBDOMAIN =
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

export const MAX_SUBDOMAIN_LENGTH = 253;

/** What JSON Schema can express of a rule for a text (lib/schemas). It accepts everything that the rule accepts. */
export interface JsonForm {
  readonly pattern: RegExp;
  readonly maxLength?: number;
}

export const SUBDOMAIN_FORM: JsonForm = { pattern: SUBDOMAIN, maxLength: MAX_SUBDOMAIN_LENGTH };

export function isSubdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN_LENGTH && SUBDOMAIN.test(text);
}

/** A DNS name in a certificate: a subdomain, possibly with `*` as the whole first label (RFC 6125 section 6.4.3). */
export function isDnsName(text: string): boolean {
  return isSubdomain(text.startsWith('*.') ? text.slice(2) : text) && text.length <= 253;
}

/** The user that a kubelet is at the API server (the Node authorizer's form). */
const NODE_USER = 'system:node:';

/** kubelet.conf's CN is `system:node:<name>`, and a CN has at most 64 characters (RFC 5280, ub-common-name). */
export const MAX_NODE_NAME_LENGTH = 64 - NODE_USER.length;

/** `w-1` for `system:node:w-1`; undefined for any other user. The name may be one that no node can have. */
export function nodeOfUser(user: string): string | undefined {
  return user.startsWith(NODE_USER) ? user.slice(NODE_USER.length) : undefined;
}
