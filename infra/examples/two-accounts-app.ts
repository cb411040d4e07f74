/** cdk --app 'npx tsx infra/examples/two-accounts-app.ts' … ; see two-accounts.ts for the order. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { twoAccounts } from './two-accounts.ts';

const app = new App();
const named = CA_NAMES.flatMap((name) => {
  const arn: unknown = app.node.tryGetContext(name);
  return typeof arn === 'string' ? [[name, arn] as const] : [];
});
const { ca, ...others } = Object.fromEntries(named);
twoAccounts(app, {
  securityAccount: app.node.tryGetContext('security-account') ?? '111111111111',
  platformAccount: app.node.tryGetContext('platform-account') ?? '222222222222',
  region: app.node.tryGetContext('region') ?? 'eu-central-1',
  keys: ca === undefined ? undefined : { ca, ...others },
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
