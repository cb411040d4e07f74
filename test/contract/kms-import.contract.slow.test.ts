import { contractWith } from './contract.ts';
import { chosenEndpoint } from './endpoint.ts';
import { kmsImportContract } from './kms-import-contract.ts';

kmsImportContract(contractWith(chosenEndpoint).contract);
