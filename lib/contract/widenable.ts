/**
 * Documents that a later release may widen. A function that was rolled back reads what the newer release wrote, and
 * must neither stop all issuance because of a field that it does not know, nor ignore a field that limits what may be
 * issued. So the writer lists the fields that limit in `mustUnderstand`. A reader that does not know one of them
 * rejects the document; it ignores every other unknown field.
 */
import * as z from 'zod/mini';

const mustUnderstand = z.optional(z.array(z.string()));

/** An object with these fields, and `mustUnderstand`. Nested objects that can be widened have their own. */
export function widenable<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.object({ ...shape, mustUnderstand }).check(
    z.superRefine((document: unknown, { addIssue }) => {
      for (const field of fieldsToUnderstand(document))
        if (!known.includes(field))
          addIssue({
            code: 'custom',
            path: ['mustUnderstand'],
            message: `this release does not know the field ${field}, which restricts the meaning of the document`,
          });
    }),
  );
}

function fieldsToUnderstand(document: unknown): readonly string[] {
  return (document as { mustUnderstand?: readonly string[] }).mustUnderstand ?? [];
}
