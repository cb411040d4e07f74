import { contractWith } from './contract.ts';
import { chosenEndpoint } from './endpoint.ts';
import { sqsAndLambdaContract } from './sqs-lambda-contract.ts';

sqsAndLambdaContract(contractWith(chosenEndpoint).contract);
