/** The file from `cakeless pack`: the CSRs of a node and their place, for a network that only files can cross. */
import * as z from 'zod/mini';
import { LIMITS } from '../../../lib/limits.ts';
import type { Terminal } from '../../terminal.ts';
import { checkCsr, readCsrs } from '../csr/read-csrs.ts';
import { base64, placeFields, readCarriedFile, requestPath } from './file-format.ts';
import type { RequestPlace } from './outcomes.ts';

export const packFileSchema = z.strictObject({
  cakelessRequest: z.literal(1),
  ...placeFields,
  csrs: z
    .array(
      z.strictObject({
        path: requestPath,
        /** The .csr file in base64. */
        csr: base64.check(z.maxLength(Math.ceil(LIMITS.maxObjectBytes / 3) * 4)),
      }),
    )
    .check(z.minLength(1), z.maxLength(100)),
});

export type PackFile = z.infer<typeof packFileSchema>;

/** The CSRs of a folder, with the checks of `submit`. */
export function packCsrs(folder: string, terminal: Terminal, place: RequestPlace): PackFile {
  const { cluster, node, request } = place;
  const { files } = readCsrs(folder, terminal);
  const csrs = files.map(({ path, bytes }) => ({ path, csr: bytes.toString('base64') }));
  return { cakelessRequest: 1, cluster, node, request, csrs };
}

export interface PackedCsrs extends RequestPlace {
  readonly csrs: readonly { readonly path: string; readonly bytes: Buffer }[];
}

/** A file is not trusted more than a folder: its CSRs get the checks of `submit`. @throws CommandError */
export function readPackFile(file: string): PackedCsrs {
  const { cluster, node, request, csrs } = readCarriedFile(file, 'cakeless pack', packFileSchema);
  const decoded = csrs.map(({ path, csr }) => ({ path, bytes: Buffer.from(csr, 'base64') }));
  for (const { path, bytes } of decoded) checkCsr(`${file}: ${path}`, bytes);
  return { cluster, node, request, csrs: decoded };
}
