/** Requests and answers as files, for networks that nothing but a file crosses. */
import * as z from 'zod/mini';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import {
  NOT_A_REQUEST,
  outcomesPrefix,
  parseRequestKey,
  requestKey,
  requestsPrefix,
} from '../../../lib/contract/request-key.ts';
import { isBundleKey } from '../../../lib/contract/trust-domain.ts';
import { LIMITS } from '../../../lib/limits.ts';
import { isSubdomain } from '../../../lib/names.ts';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import type { ListedObject, StoredObject } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import type { Exchange } from './exchange.ts';
import { readOwnJson } from './own-json.ts';

const subdomain = z.string().check(z.refine(isSubdomain, 'must be an RFC 1123 subdomain'));
const place = { cluster: subdomain, node: subdomain, request: subdomain };
const base64 = z
  .string()
  .check(
    z.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be base64'),
  );

/** What `cakeless pack` writes: CSRs, and where they go. */
export const packSchema = z.strictObject({
  cakelessRequest: z.literal(1),
  ...place,
  csrs: z
    .array(
      z.strictObject({
        path: z
          .string()
          .check(
            z.refine(
              (path) => certificateNameOf(path) !== undefined,
              "must be a path of kubeadm's",
            ),
          ),
        /** The .csr file in base64. */
        csr: base64.check(z.maxLength(Math.ceil(LIMITS.maxObjectBytes / 3) * 4)),
      }),
    )
    .check(z.minLength(1), z.maxLength(100)),
});

/** What `cakeless relay` writes: the objects of the exchange bucket that the node would read. */
export const answerSchema = z.strictObject({
  cakelessAnswer: z.literal(1),
  ...place,
  objects: z
    .array(
      z.strictObject({
        key: z.string(),
        body: base64,
        metadata: z.record(z.string(), z.string()),
      }),
    )
    .check(z.maxLength(500)),
});

export type Pack = z.infer<typeof packSchema>;
export type Answer = z.infer<typeof answerSchema>;

const [PACK, ANSWER] = ['no file of cakeless pack', 'no file of cakeless relay'];

/** What a file is by its first field, and what it is for where the other one is wanted. */
const MARKS = [
  {
    mark: 'cakelessRequest',
    what: PACK,
    hint: 'it is a file of cakeless pack: cakeless relay FILE --out ANSWER makes the answer of it',
  },
  {
    mark: 'cakelessAnswer',
    what: ANSWER,
    hint: 'it is a file of cakeless relay, for the node: cakeless fetch --from FILE',
  },
];

const isMarked = (value: unknown, mark: string) =>
  typeof value === 'object' && value !== null && mark in value;

export const readPack = (file: string): Pack => read(file, packSchema, PACK);

/** @throws CommandError if it is none, or holds an object that is not this request's */
export function readAnswer(file: string): Answer {
  const answer = read(file, answerSchema, ANSWER);
  const { cluster, node, request } = answer;
  const own = `${cluster}/${node}/${request}/`;
  for (const { key } of answer.objects) {
    const isOwn = [
      requestsPrefix(cluster, node, request),
      outcomesPrefix(cluster, node, request),
    ].some((prefix) => key.startsWith(prefix) && isPath(answer, key.slice(prefix.length)));
    if (!isOwn && !isBundleKey(key))
      throw new CommandError(
        'usage',
        `${file}: holds ${JSON.stringify(key)}, which is not of ${own}`,
      );
  }
  return answer;
}

/** The characters of a request's path, with `~upload` for the refusal of what was no CSR. */
function isPath({ cluster, node, request }: Answer, text: string): boolean {
  const path = text.replace(NOT_A_REQUEST, '');
  return parseRequestKey(requestKey({ cluster, node, requestId: request, path })) !== undefined;
}

function read<T>(file: string, schema: z.ZodMiniType<T>, what: string): T {
  const value = readOwnJson(file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const kind = MARKS.find(({ mark }) => isMarked(value, mark));
  if (kind?.what !== what) throw new CommandError('usage', `${file}: is ${what}`, kind?.hint);
  const problems = result.error.issues.slice(0, 3).map(describeIssue).join('; ');
  throw new CommandError('usage', `${file}: is ${what}: ${problems}`);
}

/** What was carried here; nothing can be sent this way. */
export class CarriedExchange implements Exchange {
  readonly #objects: ReadonlyMap<string, StoredObject>;

  constructor({ objects }: Answer) {
    this.#objects = new Map(
      objects.map(({ key, body, metadata }) => {
        const bytes = Buffer.from(body, 'base64');
        const rest = { size: bytes.length, tooLarge: false, eTag: undefined, versionId: undefined };
        return [key, { body: bytes, metadata, ...rest }];
      }),
    );
  }

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    const object = this.#objects.get(key);
    if (!object || object.size <= maxBytes) return object;
    return { ...object, body: new Uint8Array(), tooLarge: true };
  }

  async create(): Promise<never> {
    throw new Error('an answer takes no requests');
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (const key of [...this.#objects.keys()].sort())
      if (key.startsWith(prefix)) yield { key, lastModified: new Date(0) };
  }
}
