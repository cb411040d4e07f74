/** What a lint of a CA certificate finds. */

/** `accepts`: unusual, but leaf certificates are valid. `refuses`: the CA cannot be taken. */
export type FindingLevel = 'accepts' | 'refuses';

export interface Finding {
  readonly level: FindingLevel;
  /** What the certificate has or is: a sentence without its subject, such as `has no subjectKeyIdentifier`. */
  readonly text: string;
}

export const accepts = (text: string): Finding => ({ level: 'accepts', text });
export const refuses = (text: string): Finding => ({ level: 'refuses', text });
export const refusesIf = (condition: boolean, text: string): Finding[] =>
  condition ? [refuses(text)] : [];
export const acceptsIf = (condition: boolean, text: string): Finding[] =>
  condition ? [accepts(text)] : [];

/** @returns what `lint` finds, or that the certificate cannot be read */
export function findingsOf(lint: () => Finding[]): Finding[] {
  try {
    return lint();
  } catch (error) {
    return [refuses(`cannot be read: ${error instanceof Error ? error.message : String(error)}`)];
  }
}
