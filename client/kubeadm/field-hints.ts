/** What a field that kubeadm does not know was probably meant to be. */
import { API_TYPES, type ApiVersion, type KubeadmKind } from './api-types.ts';
import { type GoFields, type GoType, join } from './go-types.ts';

/** Fields of old API versions that moved: kubeadm v1alpha1 to v1alpha3. */
const MOVED: Readonly<Record<string, string>> = {
  apiServerCertSANs: 'apiServer.certSANs',
  apiServerExtraArgs: 'apiServer.extraArgs',
  api: 'localAPIEndpoint',
  nodeName: 'nodeRegistration.name',
};

/** ` (certificateValidityPeriod is a field of v1beta4)`; empty if nothing is like it. */
export function hintFor(path: string, kind: KubeadmKind, version: ApiVersion): string {
  if (pathsOf(API_TYPES.v1beta4[kind]).includes(path)) return ' (it is a field of v1beta4)';
  const name = path.split('.').at(-1) ?? '';
  const meant = MOVED[name] ?? similar(path, pathsOf(API_TYPES[version][kind]));
  return meant === undefined || meant === path ? '' : ` (did you mean ${meant}?)`;
}

/** The field with the same letters, in the same place if there are several. */
function similar(path: string, known: readonly string[]): string | undefined {
  const fold = (text: string) => text.toLowerCase();
  const last = (text: string) => fold(text.split('.').at(-1) ?? '');
  const wanted = last(path).replace(/s$/, '');
  return (
    known.find((candidate) => fold(candidate) === fold(path)) ??
    known.find((candidate) => last(candidate).replace(/s$/, '') === wanted)
  );
}

function pathsOf(fields: GoFields, path = ''): string[] {
  return Object.entries(fields).flatMap(([name, type]) => {
    const here = join(path, name);
    return [here, ...pathsOf(structFields(type), here)];
  });
}

function structFields(type: GoType): GoFields {
  return typeof type === 'object' && 'struct' in type ? type.struct : {};
}
