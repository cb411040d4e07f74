/** The CDK app: one service as the configuration file describes it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { CakelessStack } from './cakeless-stack.ts';
import { type Config, readConfig } from './config.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('config');
const config = configOrEnd(typeof file === 'string' ? file : undefined);
new CakelessStack(app, config.stackName, { config });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

/** A wrong configuration is the user's to mend: the message says how, a stack trace would hide it. */
function configOrEnd(path: string | undefined): Config {
  try {
    return readConfig(path);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return process.exit(1);
  }
}
