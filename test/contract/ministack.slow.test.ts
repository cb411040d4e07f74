/** The contract that `local/` keeps, held against MiniStack: what differs is in the list, and differs so. */
import { type Ministack, startMinistack } from '../stand-in/ministack.ts';
import { describeWithMinistack } from '../stand-in/ministack-program.ts';
import { contractWith } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';
import { kmsContract } from './kms-contract.ts';
import { MINISTACK_DIFFERENCES } from './ministack-differences.ts';
import { ministackEndpoint } from './ministack-endpoint.ts';
import { s3Contract } from './s3-contract.ts';
import { sqsAndLambdaContract } from './sqs-lambda-contract.ts';

describeWithMinistack('MiniStack', () => {
  let ministack: Ministack;
  let endpoint: ContractEndpoint;
  const { contract, unused } = contractWith(async () => endpoint, MINISTACK_DIFFERENCES);

  beforeAll(async () => {
    ministack = await startMinistack();
    endpoint = await ministackEndpoint(ministack);
  });

  afterAll(async () => {
    await ministack?.stop();
    expect(unused()).toEqual([]);
  });

  describe('S3', () => s3Contract(contract));
  describe('KMS', () => kmsContract(contract));
  describe('SQS and Lambda', () => sqsAndLambdaContract(contract));
});
