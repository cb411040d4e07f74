/** The CDK app: one service, as the configuration file describes it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { CakelessStack } from './cakeless-stack.ts';
import { type Config, readConfig } from './config.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('config');
const config = configOrExit(typeof file === 'string' ? file : undefined);
new CakelessStack(app, config.stackName, { config });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

/** The user has to fix an invalid configuration: a stack trace would hide the message that says how. */
function configOrExit(path: string | undefined): Config {
  try {
    return readConfig(path);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return process.exit(1);
  }
}
