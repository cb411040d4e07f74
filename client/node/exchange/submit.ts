/** Uploads the CSRs of a folder as one request. */
import { requestKey } from '../../../lib/contract/request-key.ts';
import type { Terminal } from '../../terminal.ts';
import { readCsrs } from '../csr/read-csrs.ts';
import { type Exchange, upload } from './exchange.ts';
import type { RequestPlace } from './outcomes.ts';

export interface Submitted extends RequestPlace {
  readonly requests: readonly { certificateName: string; key: string; uploaded: boolean }[];
  /** .csr files that were skipped, because kubeadm has no certificate at their paths. */
  readonly skipped: readonly string[];
}

export interface SubmitOptions {
  /** Without progress for CSRs that an earlier run uploaded. */
  readonly reportsOnlyNew?: boolean;
}

export async function submit(
  exchange: Exchange,
  terminal: Terminal,
  folder: string,
  { cluster, node, request }: RequestPlace,
  { reportsOnlyNew = false }: SubmitOptions = {},
): Promise<Submitted> {
  const { files, unknown } = readCsrs(folder, terminal);
  const requests: Submitted['requests'][number][] = [];
  for (const { path, certificateName, bytes } of files) {
    const key = requestKey({ cluster, node, requestId: request, path });
    const uploaded = await upload(exchange, key, bytes);
    if (uploaded || !reportsOnlyNew)
      terminal.progress(
        `${uploaded ? 'uploaded' : 'already uploaded:'} ${certificateName} (${path})`,
      );
    requests.push({ certificateName, key, uploaded });
  }
  return { cluster, node, request, requests, skipped: unknown };
}
