import { KMSClient } from '@aws-sdk/client-kms';
import { CLIENT_SETTINGS } from './clients.ts';

/** Separate from clients.ts, which nodes also load. */
export const newKmsClient = () => new KMSClient(CLIENT_SETTINGS);
