// Takes the place of the SDK's chain of credential providers in the bundles: Lambda gives a function its credentials
// in the environment (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), so the providers for
// profiles, SSO, processes and instance metadata are never asked.
import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = () => fromEnv();
