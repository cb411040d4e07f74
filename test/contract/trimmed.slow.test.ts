/**
 * Runs the contract on the SDK's clients as the bundles of the functions have them, without what
 * `functions/trim-sdk.mjs` leaves out. If a release of the SDK needs something of that, this suite fails.
 */
import { contractWith, type Difference } from './contract.ts';
import { type ContractEndpoint, chosenEndpoint } from './endpoint.ts';
import { kmsContract } from './kms-contract.ts';
import { objectStoreContract } from './object-store-contract.ts';
import { s3Contract } from './s3-contract.ts';
import { sqsAndLambdaContract } from './sqs-lambda-contract.ts';
import { s3Store } from './stores.ts';

jest.mock('@aws-sdk/client-s3', () => trimmed('@aws-sdk/client-s3'));
jest.mock('@aws-sdk/client-kms', () => trimmed('@aws-sdk/client-kms'));
jest.mock('@aws-sdk/client-sqs', () => trimmed('@aws-sdk/client-sqs'));

// jest moves the calls above to the top, where they see only what they load themselves
function trimmed(name: string): unknown {
  const { loadTrimmed } = jest.requireActual('../support/trimmed-client.ts');
  return loadTrimmed(name);
}

const queryName: Difference = {
  does: 'has the name of the error in the query protocol of SQS',
  shows: /\+\s+"name": "AWS\.SimpleQueueService\.\w+"/,
  aws: 'x-amzn-query-error names it for clients of the older protocol, and the SDK puts its own name there',
  link: 'https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait',
};

/** No caller reads the names of these errors; a fault prints them. */
const DIFFERENCES = Object.fromEntries(
  [
    'accepts batches but not one with an invalid id',
    'accepts batches but not an empty one',
    'accepts batches but not one with a duplicate id',
    'accepts batches but not one of eleven',
    'accepts batches but not one that is too long in total',
    'that does not exist causes QueueDoesNotExist',
  ].map((title) => [`SQS and Lambda a queue ${title}`, queryName]),
);

let endpoint: ContractEndpoint;
beforeAll(async () => {
  endpoint = await chosenEndpoint();
});

const { contract, unused } = contractWith(chosenEndpoint, DIFFERENCES);

describe('S3', () => s3Contract(contract));
describe('S3ObjectStore', () => objectStoreContract(it, () => s3Store(endpoint.client)));
describe('KMS', () => kmsContract(contract));
describe('SQS and Lambda', () => sqsAndLambdaContract(contract));

afterAll(async () => {
  await endpoint?.close();
  expect(unused()).toEqual([]);
});
