/** Lambda entry: SQS messages about uploads and approvals in, certificates and refusals out. */
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { newSignHandler } from './sign-handler.ts';

export const handler = newSignHandler(serviceFromEnvironment(), newReporter('sign'));
