/** Which certificates are due: those that expire within a time, or those in the last fraction of their lifetime. */
import { parseDurationSeconds } from '../../../lib/duration.ts';

export type ExpiresWithin =
  | { readonly text: string; readonly seconds: number }
  /** Of each certificate's own lifetime. */
  | { readonly text: string; readonly share: number };

/** As cert-manager does by default: it leaves time for repairs, whatever the lifetime is. */
export const LAST_THIRD: ExpiresWithin = { text: '1/3', share: 1 / 3 };

/** `60d`, `720h`, or `1/3`; undefined if it is neither. */
export function parseExpiresWithin(text: string): ExpiresWithin | undefined {
  const [, part, whole] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  if (part !== undefined && whole !== undefined) {
    const share = Number(part) / Number(whole);
    return share > 0 && share <= 1 ? { text, share } : undefined;
  }
  if (/^0+[dhms]?$/.test(text)) return { text, seconds: 0 };
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const seconds = days === undefined ? parseDurationSeconds(text) : Number(days) * 86_400;
  return seconds === undefined ? undefined : { text, seconds };
}

/** How long before its end a certificate is due. */
export const windowOf = (rule: ExpiresWithin, lifetimeSeconds: number): number =>
  'share' in rule ? rule.share * lifetimeSeconds : rule.seconds;
