/** Lambda entry: creates the CAs of a trust domain. Nodes cannot call it. */
import { KmsCaKeys } from '../lib/aws/kms-ca-keys.ts';
import { newKmsClient } from '../lib/aws/kms-client.ts';
import { KmsSigningKeys } from '../lib/aws/kms-signing-keys.ts';
import { answerCloudFormation } from './answer-cloudformation.ts';
import { newCreateCaHandler } from './create-ca-handler.ts';
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { trustDomainResource } from './trust-domain-resource.ts';

const kms = newKmsClient();

const createCa = newCreateCaHandler(
  serviceFromEnvironment(new KmsSigningKeys(kms)),
  new KmsCaKeys(kms),
  newReporter('create-ca'),
);

/** Operators call it, and CloudFormation does for the trust domains that a deployment declares. */
export const handler = answerCloudFormation(
  async (event, context) => createCa(event, context),
  trustDomainResource,
);
