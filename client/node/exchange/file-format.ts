/**
 * What the files that are carried between a node and the service have in common: strict JSON, checked field by field.
 */
import * as z from 'zod/mini';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { readGivenFile, UnreadableFileError } from '../../../lib/files/read-file.ts';
import { isSubdomain, SUBDOMAIN_FORM } from '../../../lib/names.ts';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import { CommandError } from '../../errors.ts';

export const subdomain = z.string().check(
  z.refine(isSubdomain, {
    error: 'must be an RFC 1123 subdomain',
    params: { json: SUBDOMAIN_FORM },
  }),
);

export const placeFields = { cluster: subdomain, node: subdomain, request: subdomain };

/** Below the request id: `pki/etcd/server.csr`. */
export const requestPath = z
  .string()
  .check(
    z.refine((path) => certificateNameOf(path) !== undefined, "must be one of kubeadm's paths"),
  );

export const base64 = z
  .string()
  .check(
    z.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be base64'),
  );

/** An invitation has about 150 URLs of 600 characters, a file from `relay` about 12 certificates. */
const MAX_BYTES = 4 * 1024 * 1024;

/** @throws CommandError if the file cannot be read as JSON */
function readJsonFile(file: string): unknown {
  try {
    return JSON.parse(readGivenFile(file, MAX_BYTES).toString('utf8'));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const reason = error instanceof UnreadableFileError ? error.problem : message;
    throw new CommandError('usage', `${file}: cannot be read as JSON: ${reason}`);
  }
}

/** The kinds of files: the field that marks one, the command that writes it, and its use. */
const KINDS = [
  {
    mark: 'cakelessRequest',
    writer: 'cakeless pack',
    use: 'run cakeless relay FILE --out OUTCOMES where the service can be reached',
  },
  {
    mark: 'cakelessOutcomes',
    writer: 'cakeless relay',
    use: 'run cakeless fetch --from FILE on the node',
  },
  {
    mark: 'cakelessInvitation',
    writer: 'cakeless invite',
    use: 'pass it as --invitation to cakeless submit and cakeless fetch',
  },
  {
    mark: 'cakelessAdoption',
    writer: 'cakeless trust-domain adopt --begin',
    use: 'pass its folder to cakeless trust-domain wrap-keys --from',
  },
  {
    mark: 'cakelessWrappedKeys',
    writer: 'cakeless trust-domain wrap-keys',
    use: 'pass its folder to cakeless trust-domain adopt --finish',
  },
] as const;

export type Writer = (typeof KINDS)[number]['writer'];

/** @throws CommandError that says what is wrong with the file, and what it is if another command wrote it */
export function readCarriedFile<T>(file: string, writer: Writer, schema: z.ZodMiniType<T>): T {
  const value = readJsonFile(file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const kind = KINDS.find(({ mark }) => hasField(value, mark));
  const what = `${file}: not a file from ${writer}`;
  if (kind?.writer === writer) {
    const issues = result.error.issues.slice(0, 3).map(describeIssue).join('; ');
    throw new CommandError('usage', `${what}: ${issues}`);
  }
  throw new CommandError('usage', what, kind && `it is a file from ${kind.writer}: ${kind.use}`);
}

const hasField = (value: unknown, field: string) =>
  typeof value === 'object' && value !== null && field in value;
