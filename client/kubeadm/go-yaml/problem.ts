/** Why a text is not YAML that kubeadm reads: one line, with the position if it is known. */
export class YamlProblem extends Error {
  override name = 'YamlProblem';
}
