import { SyncError } from "../errors.ts";

const lastCodePoint = 0x10ffff;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * What stands between the tags of the first element of this name that holds text. Entities other
 * than the five of XML stay as they are, so nothing in a document can grow.
 */
export function textIn(xml: string, name: string): string | undefined {
  return textReader(name)(xml);
}

/** Returns what reads the text of elements of a name, as `textIn` does, many times. */
export function textReader(name: string): (xml: string) => string | undefined {
  const [opening, closing] = [`<${name}>`, `</${name}>`];
  return (xml) => {
    const open = xml.indexOf(opening);
    if (open < 0) return undefined;
    const from = open + opening.length;
    const end = xml.indexOf("<", from);
    if (end < 0 || !xml.startsWith(closing, end)) return undefined;
    return decodeText(xml.slice(from, end));
  };
}

/**
 * The insides of all elements that have one of these names, in their order.
 *
 * @throws UPSTREAM for one that has attributes or no end: none is passed over
 */
export function* elementsIn(
  xml: string,
  ...names: readonly string[]
): Generator<{ readonly name: string; readonly inside: string }> {
  const open = new RegExp(`<(${names.join("|")})(?=[\\s/>])`, "g");
  for (let found = open.exec(xml); found !== null; found = open.exec(xml)) {
    const [tag, name] = found as unknown as readonly [string, string];
    const from = found.index + tag.length + 1;
    const end = xml[from - 1] === ">" ? xml.indexOf(`</${name}>`, from) : -1;
    if (end < 0) throw new SyncError("UPSTREAM", `the server answers no ${name} that can be read`);
    yield { name, inside: xml.slice(from, end) };
    open.lastIndex = end;
  }
}

/** A text as it stands in XML. Control characters are written as references. */
export function encodeText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[<>&\u0000-\u001f\u007f]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

const quote = "&quot;";

function decodeText(text: string): string {
  const first = text.indexOf("&");
  if (first < 0) return text;
  // As every ETag of a listing is.
  const last = text.length - quote.length;
  if (first === 0 && text.startsWith(quote) && text.endsWith(quote) && text.indexOf("&", 1) === last)
    return `"${text.slice(quote.length, last)}"`;
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, named: string) => {
    if (named !== undefined) return entities[named] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code <= lastCodePoint ? String.fromCodePoint(code) : whole;
  });
}
