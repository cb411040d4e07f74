/** Tells people what the forwarder does for rotations: a problem once, until it changes, and each change. */

import { Fault } from '../../lib/fault.ts';
import type { Part, Tell } from '../cluster-trust/keeper.ts';
import { KubeError, KubeUnreachable } from '../kubernetes/kube-client.ts';
import { describeError } from './describe-error.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { HOW_TO_GRANT } from './rbac.ts';

const WHAT: Readonly<Record<Part, string>> = {
  rotation: 'whether a rotation is under way is unknown',
  'config-map': 'nodes without AWS credentials do not get the rotation',
  'cluster-info': 'nodes that join may get outdated CA certificates',
  authentication: 'aggregated API servers may go on trusting the old CA',
  probe: 'it is not proved that kubelets of nodes without AWS credentials accept the new CA',
  report: 'the report of the cluster was not written',
};

interface TrustLogDeps {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => Date;
}

export class TrustLog implements Tell {
  readonly #deps: TrustLogDeps;
  readonly #said = new Map<Part | 'forbidden', string>();
  #reportedAt = 0;

  constructor(deps: TrustLogDeps) {
    this.#deps = deps;
  }

  /** Unix time of the last report that this forwarder wrote; 0 before the first one. */
  get lastReport(): number {
    return this.#reportedAt;
  }

  changed(what: string): void {
    this.#deps.log('info', what);
  }

  failed(part: Part, error: unknown): void {
    this.#deps.metrics.count('trust_errors_total', { part, of: sourceOf(error) });
    this.#sayOnce(part, `${WHAT[part]}: ${describeError(error)}`);
  }

  succeeded(part: Part): void {
    this.#said.delete(part);
  }

  forbidden(what: readonly string[]): void {
    if (what.length === 0) {
      this.#said.delete('forbidden');
      return;
    }
    this.#deps.metrics.count('trust_errors_total', { part: 'report', of: 'forbidden' });
    this.#sayOnce(
      'forbidden',
      `this cluster does not let the forwarder read or write what a rotation needs: ${what.join(', ')}; certificates are issued as before; to grant what it needs: ${HOW_TO_GRANT}`,
    );
  }

  reported(): void {
    this.#reportedAt = Math.floor(this.#deps.now().getTime() / 1000);
  }

  #sayOnce(about: Part | 'forbidden', message: string): void {
    if (this.#said.get(about) === message) return;
    this.#said.set(about, message);
    this.#deps.log('warning', message);
  }
}

function sourceOf(error: unknown): 'exchange' | 'api' | 'other' {
  if (error instanceof Fault) return error.code === 'unavailable' ? 'exchange' : 'other';
  return error instanceof KubeError || error instanceof KubeUnreachable ? 'api' : 'other';
}
