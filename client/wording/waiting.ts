/** How every command says what it waits for, and what is still open when it stops waiting. */
import { shortRequestKey } from '../../lib/contract/request-key.ts';
import { printable } from '../../lib/printable.ts';

/** `waiting for approval of super-admin.conf (up to 5m)`: printed once, when waiting starts. */
export const describeWaiting = (what: string, seconds: number): string =>
  `waiting for ${what} (up to ${shortDuration(seconds)})`;

/** A request without a certificate, under the name by which users know it. */
export interface AwaitedRequest {
  readonly name: string;
  readonly state: 'pending' | 'no-outcome';
}

/** `outcomes of apiserver, etcd-peer and approval of super-admin.conf`. */
export function describeOpen(open: readonly AwaitedRequest[]): string {
  const namesOf = (wanted: AwaitedRequest['state']) =>
    open.filter(({ state }) => state === wanted).map(({ name }) => name);
  const [missing, pending] = [namesOf('no-outcome'), namesOf('pending')];
  return [
    ...(missing.length > 0 ? [`outcomes of ${missing.join(', ')}`] : []),
    ...(pending.length > 0 ? [`approval of ${pending.join(', ')}`] : []),
  ].join(' and ');
}

/** Why a request has no certificate yet, and what to do; empty for any other state. */
export function describeUnissued(
  name: string,
  { state, waitingFor, requestKey }: Unissued,
): readonly string[] {
  if (state === 'no-outcome') return [`${name}: no outcome yet; run the same command again`];
  if (state !== 'pending') return [];
  return [
    ...(waitingFor === undefined ? [] : [`${name}: waiting for ${waitingFor}`]),
    ...(requestKey === undefined ? [] : [approveCommand(requestKey)]),
  ].map(printable);
}

interface Unissued {
  readonly state: string;
  /** As the service wrote it: `an approver: …`. */
  readonly waitingFor?: string | undefined;
  /** Key of the request, with or without the `requests/` prefix. */
  readonly requestKey?: string | undefined;
}

const approveCommand = (requestKey: string) =>
  `ask an approver to run: cakeless approve ${shortRequestKey(requestKey)}`;

/** `30s`, `5m`, `1h30m`. */
function shortDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [
    [Math.floor(whole / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'm'],
    [whole % 60, 's'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join('') || '0s';
}
