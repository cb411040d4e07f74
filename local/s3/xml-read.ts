import { AwsError } from '../aws-error.ts';

/** An element. Attributes are skipped: the namespace is the only one in S3's request documents. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

const token = /<\?xml[^>]*\?>|<(\/?)([A-Za-z][\w.-]*)(\s[^<>]*?)?(\/?)>|([^<]+)/y;

/** Levels of a document, including its own; no client of S3 sends so many. */
const maxDepth = 10;

/**
 * Reads the small documents that S3's clients send. No document types, comments or CDATA: anything other than plain
 * elements and text is MalformedXML.
 */
export function readXml(document: string, rootName: string): XmlNode {
  const reader = new XmlReader();
  token.lastIndex = 0;
  while (token.lastIndex < document.length) {
    const part = token.exec(document);
    if (part === null) throw malformed();
    const [, closing, name, , empty, text] = part;
    if (text !== undefined) reader.addText(decodeEntities(text));
    else if (name === undefined)
      continue; // the XML declaration
    else if (closing === '/') reader.close(name);
    else reader.open(name, empty === '/');
  }
  const root = reader.only();
  if (root.name !== rootName) throw malformed();
  return root;
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlNode[];
}

/** Builds the tree; at the bottom of the stack is the document itself. */
class XmlReader {
  readonly #document: OpenElement = { name: '', text: '', children: [] };
  readonly #stack: OpenElement[] = [this.#document];

  addText(text: string): void {
    this.#innermost().text += text;
  }

  open(name: string, empty: boolean): void {
    const element: OpenElement = { name, text: '', children: [] };
    if (empty) this.#innermost().children.push(element);
    else if (this.#stack.length === maxDepth) throw malformed();
    else this.#stack.push(element);
  }

  close(name: string): void {
    const element = this.#stack.pop();
    if (element?.name !== name) throw malformed();
    this.#innermost().children.push(element);
  }

  /** The one element of the document. */
  only(): XmlNode {
    const [root, ...more] = this.#document.children;
    if (this.#stack.length !== 1 || root === undefined || more.length > 0) throw malformed();
    return root;
  }

  #innermost(): OpenElement {
    const element = this.#stack.at(-1);
    if (element === undefined) throw malformed();
    return element;
  }
}

/** The text of a child; undefined if there is no such child. */
export function childText(node: XmlNode, name: string): string | undefined {
  return node.children.find((child) => child.name === name)?.text;
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(\w+));?/g,
    (whole, hex, decimal, name) => {
      if (!whole.endsWith(';')) throw malformed();
      if (name !== undefined) {
        const character = entities[name];
        if (character === undefined) throw malformed();
        return character;
      }
      const codePoint = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      if (codePoint > 0x10ffff) throw malformed();
      return String.fromCodePoint(codePoint);
    },
  );
}

function malformed(): AwsError {
  return new AwsError(
    'MalformedXML',
    'The XML you provided was malformed or did not validate against our published schema',
  );
}
