/**
 * A node's files without everything that a renewal may change: certificates without dates and keys, and a placeholder for
 * each key. Two descriptions are equal if nothing else was changed.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readCertificateFacts } from './certificate-facts.ts';

/** By path: mode, kind and contents of each file below a folder, without Cakeless' own files. */
export function describeNode(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('cakeless'))
    .sort();
  return Object.fromEntries(paths.map((path) => [path, describeFile(join(folder, path))]));
}

function describeFile(file: string): string {
  const stat = lstatSync(file);
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isSymbolicLink()) return `${mode} link to ${readlinkSync(file)}`;
  if (stat.isDirectory()) return `${mode} folder`;
  return `${mode} file\n${withoutPem(withoutData(readFileSync(file, 'utf8')))}`;
}

/** Base64 data of a kubeconfig, which is PEM text. */
const withoutData = (text: string) =>
  text.replace(/[A-Za-z0-9+/=]{100,}/g, (data) =>
    withoutPem(Buffer.from(data, 'base64').toString('latin1')),
  );

const withoutPem = (text: string) =>
  text.replace(/-----BEGIN ([A-Z ]+)-----\n[^-]+-----END \1-----/g, (pem, label) =>
    label === 'CERTIFICATE' ? JSON.stringify(readCertificateFacts(pem)) : label,
  );
