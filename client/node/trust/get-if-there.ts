/** Reads an object that need not exist. */
import { Fault } from '../../../lib/fault.ts';

export interface Gets<Found> {
  get(key: string, maxBytes: number): Promise<Found | undefined>;
}

/**
 * S3 denies a missing object to those who may not list it
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html), such as nodes.
 */
export async function getIfThere<Found>(
  exchange: Gets<Found>,
  key: string,
  maxBytes: number,
): Promise<Found | undefined> {
  try {
    return await exchange.get(key, maxBytes);
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-allowed') return undefined;
    throw error;
  }
}
