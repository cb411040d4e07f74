import { contractWith } from './contract.ts';
import { chosenEndpoint } from './endpoint.ts';
import { s3Contract } from './s3-contract.ts';

s3Contract(contractWith(chosenEndpoint).contract);
