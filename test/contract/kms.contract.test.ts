import { contractWith } from './contract.ts';
import { chosenEndpoint } from './endpoint.ts';
import { kmsContract } from './kms-contract.ts';

kmsContract(contractWith(chosenEndpoint).contract);
