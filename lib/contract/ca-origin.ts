/** Apart from the schema of the document: the package with the constructs has the type, and does not depend on zod. */

/**
 * Where the certificate of a CA version is from. `made`: drafted here, and signed by its own KMS key. `adopted`: a
 * cluster's own, whose key was imported into KMS. `subordinate`: of a KMS key, signed by a CA above it. A deployment
 * declares it, and the document has it.
 */
export const CA_ORIGINS = ['made', 'adopted', 'subordinate'] as const;

export type CaOrigin = (typeof CA_ORIGINS)[number];
