/** What `kubectl apply` does with the objects that Cakeless prints; a field that the API server does not know is an error. */
import { parseAllDocuments } from 'yaml';
import type { KubeClient } from '../../../client/kubernetes/kube-client.ts';

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** @param query such as `dryRun=All` */
export async function applyObjects(client: KubeClient, yaml: string, query = ''): Promise<void> {
  for (const object of readObjects(yaml))
    await client.create(`${collectionOf(object)}?fieldValidation=Strict&${query}`, object);
}

export const readObjects = (yaml: string): ApiObject[] =>
  parseAllDocuments(yaml).map((document) => document.toJS());

export const pathOf = (object: ApiObject) => `${collectionOf(object)}/${object.metadata.name}`;

function collectionOf({ apiVersion, kind, metadata: { namespace } }: ApiObject): string {
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const group = apiVersion === 'v1' ? '/api' : '/apis';
  return `${group}/${apiVersion}${place}/${kind.toLowerCase()}s`;
}
