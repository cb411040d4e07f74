import type { GetObjectCommand } from '@aws-sdk/client-s3';

/**
 * Returns a function that returns the `Date` header of the command's last response, which the SDK's output leaves out.
 */
export function noteDate({ middlewareStack }: GetObjectCommand): () => Date | undefined {
  let ms = Number.NaN;
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      ms = Date.parse(headers?.date ?? '');
      return result;
    },
    { step: 'deserialize', name: 'noteDate', priority: 'low' },
  );
  return () => (Number.isNaN(ms) ? undefined : new Date(ms));
}
