/** Lambda entry: creates the CAs of a trust domain. Nodes cannot call it. */
import { KmsCaKeys } from '../lib/aws/kms-ca-keys.ts';
import { newKmsClient } from '../lib/aws/kms-client.ts';
import { KmsSigningKeys } from '../lib/aws/kms-signing-keys.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { parseGateRules } from '../lib/rotating/gate-rules.ts';
import { answerCloudFormation } from './answer-cloudformation.ts';
import { newCreateCaHandler } from './create-ca-handler.ts';
import { optional } from './environment.ts';
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { trustDomainResource } from './trust-domain-resource.ts';

const kms = newKmsClient();

const createCa = newCreateCaHandler(
  serviceFromEnvironment(new KmsSigningKeys(kms)),
  new KmsCaKeys(kms),
  {
    // with the first rotation, not before
    examine: async (...asked) =>
      (await import('../lib/rotating/examine-gate.ts')).examineGate(...asked),
    rules: parseGateRules(optional(ENVIRONMENT.gateRules)),
  },
  newReporter('create-ca'),
);

/** Operators call it, and CloudFormation does for the trust domains that a deployment declares. */
export const handler = answerCloudFormation(
  async (event, context) => createCa(event, context),
  trustDomainResource,
);
