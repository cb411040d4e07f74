import { AwsError } from '../aws-error.ts';

/** An element that was read. Attributes are skipped: S3's request documents have none but the namespace. */
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

/**
 * Reads the small documents that S3's clients send. No document types, comments or CDATA: whatever is not
 * plain elements and text is MalformedXML.
 */
export function readXml(document: string, rootName: string): XmlNode {
  const root: XmlNode & { children: XmlNode[] } = { name: '', text: '', children: [] };
  const open = [{ node: root, text: '' }];
  token.lastIndex = 0;
  while (token.lastIndex < document.length) {
    const part = token.exec(document);
    const parent = open.at(-1);
    if (part === null || parent === undefined || open.length > 10) throw malformed();
    const [, closing, name, , empty, text] = part;
    if (text !== undefined) {
      parent.text += decodeEntities(text);
    } else if (name !== undefined && closing === '/') {
      if (open.length < 2 || parent.node.name !== name) throw malformed();
      open.pop();
      open.at(-1)?.node.children.push({ ...parent.node, text: parent.text });
    } else if (name !== undefined && empty === '/') {
      parent.node.children.push({ name, text: '', children: [] });
    } else if (name !== undefined) {
      open.push({ node: { name, text: '', children: [] }, text: '' });
    }
  }
  const [only, ...more] = root.children;
  if (open.length !== 1 || only?.name !== rootName || more.length > 0) throw malformed();
  return only;
}

/** The text of a child; undefined where there is none. */
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
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}
