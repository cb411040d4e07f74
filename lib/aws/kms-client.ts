import { KMSClient } from '@aws-sdk/client-kms';
import { CLIENT_SETTINGS } from './clients.ts';
import { requireTls } from './require-tls.ts';

/** Separate from clients.ts, which nodes also load. */
export const newKmsClient = () => new KMSClient(CLIENT_SETTINGS);

/** A wrapping key is an RSA-4096 key that is made for the call: `cakeless local` takes seconds on a busy machine. */
const IMPORT_TIMEOUT_MS = 60_000;

/** @param environment as `process.env` */
export const newKmsImportClient = (environment: Readonly<Record<string, string | undefined>>) =>
  requireTls(
    new KMSClient({
      ...CLIENT_SETTINGS,
      requestHandler: {
        ...CLIENT_SETTINGS.requestHandler,
        requestTimeout: IMPORT_TIMEOUT_MS,
        socketTimeout: IMPORT_TIMEOUT_MS,
      },
    }),
    environment,
  );
