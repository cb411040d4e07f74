import { App } from 'aws-cdk-lib';
import { CakelessStack } from 'cakeless/infra';
import { config } from './config.ts';

const app = new App();
new CakelessStack(app, 'Cakeless', { config });
