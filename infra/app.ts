/** The CDK app: one service, as the configuration file describes it. */
import { App, Errors, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { CakelessStack } from './cakeless-stack.ts';
import { readConfig } from './config.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('config');
const config = orExit(
  () => readConfig(typeof file === 'string' ? file : undefined),
  () => true,
);
new CakelessStack(app, config.stackName, { config });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
// Not left to the end of the process, where nothing could catch what validation refuses.
orExit(() => app.synth(), Errors.isValidationError);

/** The user has to fix an invalid configuration: a stack trace would hide the message that says how. */
function orExit<T>(action: () => T, isOfConfiguration: (error: unknown) => boolean): T {
  try {
    return action();
  } catch (error) {
    if (!isOfConfiguration(error)) throw error;
    console.error(error instanceof Error ? error.message : error);
    return process.exit(1);
  }
}
