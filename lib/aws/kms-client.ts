import { KMSClient } from '@aws-sdk/client-kms';
import { CLIENT_SETTINGS } from './clients.ts';

/** Not in clients.ts, which nodes load, too. */
export const newKmsClient = () => new KMSClient(CLIENT_SETTINGS);
