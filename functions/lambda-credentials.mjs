// Replaces the SDK's chain of credential providers in the bundles: Lambda passes credentials to functions in the
// environment (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), so the providers for profiles,
// SSO, processes and instance metadata are never needed.
import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = () => fromEnv();
