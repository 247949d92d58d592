import { SyncError } from "../errors.ts";

/** What stands behind the `?` of a URL, by name. */
export type Query = ReadonlyMap<string, string>;

/**
 * Reads the query of a URL. Of two values of one name, and of escapes that stand for no text, each
 * program on the way might make something else: they are refused.
 *
 * @throws BAD_MESSAGE
 */
export function parseQuery(url: string): Query {
  const mark = url.indexOf("?");
  const query = new Map<string, string>();
  for (const part of mark < 0 ? [] : url.slice(mark + 1).split("&")) {
    const [name = "", ...value] = part.split("=");
    const key = decode(name);
    if (query.has(key)) throw new SyncError("BAD_MESSAGE", "a query has each name once at most");
    query.set(key, decode(value.join("=")));
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw new SyncError("BAD_MESSAGE", "a query is percent-encoded UTF-8", { cause });
  }
}
