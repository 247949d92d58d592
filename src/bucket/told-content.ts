import { SyncError } from "../errors.ts";
import type { Answer } from "./answer.ts";
import { bodyOf } from "./requests.ts";

/**
 * All of a body as text.
 *
 * @throws UPSTREAM for what is no UTF-8: a name that is only like the one that is meant is another
 */
export async function textOf(response: Answer, limit: number): Promise<string> {
  const bytes = await bodyOf(response, limit);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new SyncError("UPSTREAM", "the server answers no text", { cause: thrown });
  }
}

/** The length of an object, by an answer to HEAD. @throws UPSTREAM for one that does not tell it */
export function lengthIn({ headers }: Answer): number {
  const told = headers.get("content-length") ?? headers.get("x-goog-stored-content-length");
  if (!/^\d{1,15}$/.test(told ?? ""))
    throw new SyncError("UPSTREAM", "the server does not tell the length of an object");
  return Number(told);
}

/**
 * True for an answer that has what was asked for, be it all of an object or a range.
 *
 * @throws UPSTREAM for all in the place of a range, which may be otherwise the next time
 */
export function hasContent({ status }: Answer, isPart: boolean): boolean {
  if (isPart && status === 200)
    throw new SyncError("UPSTREAM", "the server answers all of an object in the place of a range");
  return status === (isPart ? 206 : 200);
}

/**
 * The length of all of an object, by an answer that has a range of it.
 *
 * @throws UPSTREAM for another range than was asked for, TRUNCATED for less of it than there is
 */
export function totalIn(
  { headers }: Answer,
  range: { readonly offset: number; readonly length: number },
  gotBytes: number,
): number {
  const told = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers.get("content-range") ?? "");
  const [from, to, total] = (told ?? []).slice(1).map(Number) as [number, number, number];
  if (!told || from !== range.offset || to - from + 1 !== gotBytes)
    throw new SyncError("UPSTREAM", "the server answers another range than was asked for");
  if (gotBytes < range.length && range.offset + gotBytes < total)
    throw new SyncError("TRUNCATED", "the server ended before its answer did");
  return total;
}
