import type { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';

/**
 * Returns a function that returns the `Date` header of the command's last response, which the SDK's output leaves out.
 */
export function noteDate(command: GetObjectCommand | ListObjectsV2Command): () => Date | undefined {
  let ms = Number.NaN;
  // the stacks of the two differ only in the types of what they pass on
  const { middlewareStack } = command as GetObjectCommand;
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
