/** Puts the forwarder together, and runs it until it is told to stop. */
import type { Clock } from '../clock.ts';
import { ClusterTrustKeeper, type ClusterTrustSources } from '../cluster-trust/keeper.ts';
import { follow } from '../kubernetes/follow.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { systemTimers, type Timers } from '../kubernetes/timers.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import { CsrExchange } from './csr-exchange.ts';
import type { ApiCsr } from './csr-facts.ts';
import { CSRS_PATH, CsrStatus } from './csr-status.ts';
import { describeError } from './describe-error.ts';
import { CsrEvents } from './events.ts';
import { Forwarder } from './forwarder.ts';
import { type HealthAddress, type HealthSource, serveHealth } from './health-server.ts';
import { type Log, quiet } from './log.ts';
import { Metrics } from './metrics.ts';
import { Readiness } from './readiness.ts';
import { Report } from './report.ts';
import { Steps, type TrustSource } from './steps.ts';
import { TrustLog } from './trust-log.ts';

export interface ForwarderOptions {
  readonly cluster: string;
  /** The control-plane node that it runs on; undefined if it runs elsewhere. */
  readonly ownNode: string | undefined;
  /** What distinguishes it from other forwarders of the cluster. */
  readonly replica: string;
  readonly client: KubeClient;
  readonly exchange: Exchange;
  readonly trust: TrustSource;
  /** For the report of the cluster, and what the cluster needs in a rotation. @default only CSRs are forwarded */
  readonly clusterTrust?: ClusterTrustSources;
  readonly log: Log;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly timers?: Timers;
  readonly maxTracked?: number;
}

export interface BuiltForwarder {
  readonly health: HealthSource;
  /** Until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export function buildForwarder(options: ForwarderOptions): BuiltForwarder {
  const { cluster, ownNode, replica, clock, log, timers = systemTimers } = options;
  const metrics = new Metrics();
  const readiness = new Readiness({ metrics, clock });
  const client = readiness.observe(options.client);
  const monotonic = () => clock.monotonic();
  const quietLog = quiet(log, monotonic);
  const status = new CsrStatus(client);
  const events = new CsrEvents({ client, replica, clock });
  const report = new Report({ log, quietLog, events, status, metrics, monotonic });
  const exchange = new CsrExchange(options.exchange, readiness);
  const { trust } = options;
  const steps = new Steps({
    cluster,
    ownNode,
    replica,
    client,
    status,
    exchange,
    report,
    trust,
    clock,
  });
  const { maxTracked } = options;
  const forwarder = new Forwarder({
    ownNode,
    steps,
    clock,
    timers,
    metrics,
    log: quietLog,
    ...(maxTracked !== undefined && { maxTracked }),
  });
  const trustLog = new TrustLog({ log, metrics, now: () => clock.now() });
  const keeper =
    options.clusterTrust &&
    new ClusterTrustKeeper({
      ...options.clusterTrust,
      ...{ cluster, clock, timers, tell: trustLog },
      // not the observed one: what is forbidden here must not make the forwarder unready
      client: options.client,
    });
  const handlers = {
    onObject: (object: FollowedCsr) => {
      try {
        forwarder.onObject(object);
      } catch (error) {
        // a bug, and one CSR's: the others do not depend on it
        metrics.count('errors_total', { of: 'other' });
        quietLog('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
    },
    onGone: (uid: string) => forwarder.onGone(uid),
    onListed: () => {
      readiness.listed();
      forwarder.onListed();
    },
    onProblem: (error: Error) => {
      metrics.count('errors_total', { of: 'api' });
      const why = describeError(error);
      quietLog('warning', `the certificate signing requests could not be watched: ${why}`);
    },
  };
  return {
    health: {
      unhealthy: () => forwarder.unhealthy(),
      unready: () => readiness.unready(),
      metrics: () =>
        metrics.text({
          ...forwarder.gauges(),
          last_report_timestamp: [{ value: trustLog.lastReport }],
          last_list_timestamp: [{ value: readiness.lastList }],
          exchange_reachable: [{ value: readiness.isExchangeReachable ? 1 : 0 }],
        }),
    },
    run: async (signal) => {
      // if one of them fails, which would be a bug, the other must not keep the process alive
      const failed = new AbortController();
      const ended = AbortSignal.any([signal, failed.signal]);
      try {
        await Promise.all([
          follow<FollowedCsr>(client, CSRS_PATH, handlers, { signal: ended, timers }),
          forwarder.run(ended),
          keeper?.run(ended),
        ]);
      } finally {
        failed.abort();
      }
    },
  };
}

type FollowedCsr = ApiCsr & {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
};

/** @throws CommandError if the health address cannot be used */
export async function runForwarder(
  options: ForwarderOptions & {
    readonly healthAddress: HealthAddress;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { log, cluster, ownNode, healthAddress, signal } = options;
  const forwarder = buildForwarder(options);
  const server = await serveHealth(forwarder.health, healthAddress);
  try {
    const whose = ownNode === undefined ? 'a forwarder' : `control-plane node ${ownNode}`;
    log(
      'info',
      `forwarding certificate signing requests of ${cluster} with the credentials of ${whose}`,
    );
    await forwarder.run(signal);
    log('info', 'stopped');
  } finally {
    await server.close();
  }
}
