/** The content of an element: text or elements. A list repeats the element. */
export type XmlContent = string | number | boolean | XmlElements | undefined;
export interface XmlElements {
  readonly [name: string]: XmlContent | readonly XmlContent[];
}

const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Writes a document, by default in S3's namespace. Undefined elements are omitted. */
export function writeXml(root: string, elements: XmlElements, namespace = S3_NAMESPACE): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">${writeElements(elements)}</${root}>`;
}

/** Writes an error document, which has no namespace. */
export function writeErrorXml(elements: XmlElements): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${writeElements(elements)}</Error>`;
}

function writeElements(elements: XmlElements): string {
  return Object.entries(elements)
    .flatMap(([name, content]) =>
      (Array.isArray(content) ? (content as readonly XmlContent[]) : [content as XmlContent]).map(
        (one) => (one === undefined ? '' : `<${name}>${writeContent(one)}</${name}>`),
      ),
    )
    .join('');
}

function writeContent(content: string | number | boolean | XmlElements): string {
  return typeof content === 'object' ? writeElements(content) : escapeText(String(content));
}

/**
 * Control characters become character references, as in S3; XML 1.0 cannot represent them otherwise (see
 * encoding-type=url).
 */
function escapeText(text: string): string {
  return text.replace(
    /[&<>"]|(?![\t\n])\p{Cc}/gu,
    (character) => `&#x${character.charCodeAt(0).toString(16)};`,
  );
}
