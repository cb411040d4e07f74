/** Lambda entry: finds unfinished requests, and those that a standing approval covers, and queues them again. */

import { newSqsClient } from '../lib/aws/sqs-client.ts';
import { SqsRequestQueue } from '../lib/aws/sqs-request-queue.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { parseGateRules } from '../lib/rotating/gate-rules.ts';
import { optional, required } from './environment.ts';
import { laterSigningKeys } from './later-signing-keys.ts';
import { newReconcileHandler } from './reconcile-handler.ts';
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';

const queue = new SqsRequestQueue(newSqsClient(), required(ENVIRONMENT.queueUrl));

export const handler = newReconcileHandler(
  serviceFromEnvironment(laterSigningKeys()),
  queue,
  {
    // in the daily run, if a CA is being rotated
    examine: async (...asked) =>
      (await import('../lib/rotating/examine-gate.ts')).examineGate(...asked),
    rules: parseGateRules(optional(ENVIRONMENT.gateRules)),
  },
  newReporter('reconcile'),
);
