/** The common name in a CSR of the API. */
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { pemOf } from './api.ts';

export const commonNameOf = (request: string): string =>
  new Pkcs10CertificateRequest(pemOf(request)).subjectName.getField('CN')[0] ?? '';
