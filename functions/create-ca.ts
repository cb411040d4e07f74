/** Lambda entry: makes the CAs of a trust domain. Nodes can't call it. */
import { newKmsClient } from '../lib/aws/clients.ts';
import { KmsCaKeys } from '../lib/aws/kms-ca-keys.ts';
import { newCreateCaHandler } from './create-ca-handler.ts';
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';

const kms = newKmsClient();

export const handler = newCreateCaHandler(
  serviceFromEnvironment(kms),
  new KmsCaKeys(kms),
  newReporter('create-ca'),
);
