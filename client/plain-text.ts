/** Text from others, in a form that cannot act on a terminal. */

/**
 * Everything that a reader cannot see, or that changes what a terminal shows: control characters (escape sequences begin
 * with one, and U+009B alone is a whole CSI), format characters such as direction marks and zero-width spaces, lone
 * surrogates, characters without a meaning in this version of Unicode, and every space except for the ASCII one. Not
 * all invisible characters are format characters: fillers and variation selectors are only "default ignorable", and the
 * blank pattern of Braille is a symbol.
 * https://www.unicode.org/reports/tr44/#General_Category_Values
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

const PRINTABLE_ASCII = /^[ -~]*$/;

/**
 * One line that shows what it contains: every unseen character, newlines too, is replaced by its code. The form is
 * JSON's: a JSON document has such characters only inside strings, so it stays valid and keeps its meaning.
 */
export function plainLine(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text; // what most texts are, in a fraction of the time
  return text.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, unit) => codeOf(character, unit)).join(''),
  );
}

const codeOf = (character: string, unit: number): string =>
  `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
