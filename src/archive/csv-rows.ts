import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";
import { listingLimits } from "./listing-limits.ts";

/** A field with what ends it; one in quotes has two for each that it holds. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/y;

/**
 * The rows of a text of comma-separated values, those of one block at a time.
 *
 * @throws BAD_MESSAGE, LIMIT
 */
export async function* csvRows(
  content: AsyncIterable<Bytes>,
): AsyncGenerator<readonly (readonly string[])[]> {
  const decoder = new TextDecoder();
  const limit = listingLimits.lineChars;
  let rest = "";
  for await (const bytes of content) {
    rest += decoder.decode(bytes, { stream: true });
    const { rows, end } = completeRows(rest);
    rest = rest.slice(end);
    if (rest.length > limit) throw new SyncError("LIMIT", "a row is too long", { detail: { limit } });
    yield rows;
  }
  rest += decoder.decode();
  if (rest === "") return;
  const { rows, end } = completeRows(`${rest}\n`);
  if (end <= rest.length) throw malformed();
  yield rows;
}

/** The rows whose end is there, and where the last of them ends. */
function completeRows(text: string): { rows: string[][]; end: number } {
  const rows: string[][] = [];
  let row: string[] = [];
  let end = 0;
  field.lastIndex = 0;
  for (let found = field.exec(text); found; found = field.exec(text)) {
    const [, quoted, plain, mark] = found;
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (mark === ",") continue;
    end = field.lastIndex;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return { rows, end };
}

function malformed(): SyncError {
  return new SyncError("BAD_MESSAGE", "this is no list of comma-separated values");
}
