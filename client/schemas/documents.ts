/** Every document that `cakeless schema` knows: those of the buckets, and the client's own files. */
import { describeWith } from '../../lib/schemas/describe.ts';
import { BUCKET_DOCUMENTS } from '../../lib/schemas/documents.ts';
import type { DescribedDocument } from '../../lib/schemas/json-schema.ts';
import { adoptionFileSchema, wrappedKeysSchema } from '../adoption/carried-files.ts';
import { invitationSchema } from '../node/exchange/invitation.ts';
import { packFileSchema } from '../node/exchange/pack-file.ts';
import { relayFileSchema } from '../node/exchange/relay-file.ts';
import { cakelessYamlSchema } from '../node/state/cakeless-yaml.ts';
import { FILE_FIELDS } from './file-fields.ts';

export const DOCUMENTS: readonly DescribedDocument[] = [
  ...BUCKET_DOCUMENTS,
  {
    name: 'cakeless-yaml',
    title: 'the configuration file of a node, cakeless.yaml',
    schema: cakelessYamlSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.cakelessYaml),
  },
  {
    name: 'invitation',
    title: 'a file from cakeless invite',
    schema: invitationSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.invitation),
  },
  {
    name: 'packed-request',
    title: 'a file from cakeless pack',
    schema: packFileSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.packFile),
  },
  {
    name: 'relayed-outcomes',
    title: 'a file from cakeless relay',
    schema: relayFileSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.relayFile),
  },
  {
    name: 'adoption',
    title: 'adoption.json, from cakeless trust-domain adopt --begin',
    schema: adoptionFileSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.adoptionFile),
  },
  {
    name: 'wrapped-keys',
    title: 'wrapped-keys.json, from cakeless trust-domain wrap-keys',
    schema: wrappedKeysSchema,
    unknownFields: 'refused',
    describe: describeWith(FILE_FIELDS.wrappedKeys),
  },
];
