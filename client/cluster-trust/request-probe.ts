/** How a forwarder on a control-plane node gets a probe certificate: as that node, with whose credentials it runs. */

import type { Clock } from '../clock.ts';
import { pause, type Timers } from '../kubernetes/timers.ts';
import type { NodeFolders } from '../node/disk/places.ts';
import { obtainProbe } from '../node/evidence/obtain-probe.ts';
import { keyKindOn } from '../node/evidence/prove.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import type { NodePlace } from '../node/exchange/outcomes.ts';
import type { ObtainProbe } from './kubelet-probes.ts';

export interface Requesting {
  readonly exchange: Exchange;
  readonly folders: NodeFolders;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly timers: Timers;
  /** What is done meanwhile, in a line. */
  readonly say: (line: string) => void;
  /** A forwarder that is stopped does not wait for an outcome. */
  readonly signal: AbortSignal;
}

export const requestProbe =
  (place: NodePlace, { exchange, folders, clock, timers, say, signal }: Requesting): ObtainProbe =>
  async (issuer) => {
    const sleep = async (milliseconds: number) => {
      await pause(timers, milliseconds, signal);
      signal.throwIfAborted();
    };
    const deps = {
      clock: { ...clock, sleep },
      terminal: { print: say, progress: say },
      exchange: async () => exchange,
    };
    const wanted = { ca: 'ca', issuer, keyKind: keyKindOn(folders) } as const;
    const obtained = await obtainProbe(deps, place, wanted);
    if ('problem' in obtained) throw new Error(obtained.problem);
    return obtained.pair;
  };
