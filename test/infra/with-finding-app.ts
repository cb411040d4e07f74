/** An app with a cdk-nag finding, to show that findings are reported. */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';

const app = new App();
new Bucket(new Stack(app, 'WithFinding'), 'Bucket');
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
