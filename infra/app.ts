/** The CDK app: one service as the configuration file describes it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { CakelessStack } from './cakeless-stack.ts';
import { readConfig } from './config.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('config');
const config = readConfig(typeof file === 'string' ? file : undefined);
new CakelessStack(app, config.stackName, { config });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
