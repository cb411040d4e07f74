import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT_SETTINGS } from './clients.ts';

/** Not in clients.ts, which nodes load, too. */
export const newSqsClient = () => new SQSClient(CLIENT_SETTINGS);
