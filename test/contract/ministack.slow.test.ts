/** Runs the contract of `local/` on MiniStack, which must differ exactly as listed. */
import { type Ministack, startMinistack } from '../stand-in/ministack.ts';
import { describeWithMinistack } from '../stand-in/ministack-program.ts';
import { contractWith } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';
import { kmsContract } from './kms-contract.ts';
import { kmsImportContract } from './kms-import-contract.ts';
import { MINISTACK_DIFFERENCES } from './ministack-differences.ts';
import { ministackEndpoint } from './ministack-endpoint.ts';
import { objectStoreContract } from './object-store-contract.ts';
import { s3Contract } from './s3-contract.ts';
import { sqsAndLambdaContract } from './sqs-lambda-contract.ts';
import { s3Store } from './stores.ts';

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
  describe('ObjectStore', () => objectStoreContract(contract.it, () => s3Store(endpoint.client)));
  describe('KMS', () => kmsContract(contract));
  describe('KMS imports', () => kmsImportContract(contract));
  describe('SQS and Lambda', () => sqsAndLambdaContract(contract));
});
