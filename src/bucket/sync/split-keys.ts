import type { WorkRange } from "../../coordinator/work-record.ts";
import { compareKeys } from "../key-order.ts";
import type { SyncSide } from "./job.ts";

/** When what is left on one page is worth another listing. */
export const splitLimits = Object.freeze({ worthObjectCount: 256, worthBytes: 67_108_864 });

/** Behind every key that begins as what it is added to. */
const last = "\u{10ffff}";
/** The last character that is tried first: most keys have none behind it. */
const lastAscii = 0x7f;
const lastPoint = 0x10_ffff;

type HasBehind = (position: string) => Promise<boolean>;

/**
 * Finds a key about in the middle of a range of one side, by looking at a few pages of its listing.
 * Undefined where too little is left.
 */
export async function splitKeys(
  { bucket, prefix }: SyncSide,
  { after, upTo }: WorkRange,
  signal: AbortSignal,
): Promise<string | undefined> {
  /** The next page of the range. */
  async function pageBehind(position: string | undefined, pageLength?: number) {
    const range = {
      prefix,
      ...(position !== undefined && { after: prefix + position }),
      ...(upTo !== undefined && { upTo: prefix + upTo }),
      ...(pageLength !== undefined && { pageLength }),
    };
    for await (const page of bucket.pages(range, { signal })) if (page.length > 0) return page;
    return [];
  }

  const hasBehind: HasBehind = async (position) => (await pageBehind(position, 1)).length > 0;

  const page = await pageBehind(after);
  if (page.length < 2) return undefined;
  const low = page.at(-1)!.key.slice(prefix.length);
  if (await hasBehind(low)) return middleBehind(low, hasBehind);
  const bytes = page.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const isWorthIt = page.length >= splitLimits.worthObjectCount || bytes >= splitLimits.worthBytes;
  return isWorthIt ? page[Math.floor(page.length / 2) - 1]!.key.slice(prefix.length) : undefined;
}

/** A position between a key and the last one, by the first character in which they differ. */
async function middleBehind(low: string, hasBehind: HasBehind): Promise<string> {
  const characters = [...low];
  const shared = await sharedLength(characters, hasBehind);
  const own = characters[shared]?.codePointAt(0);
  if (own === undefined) return low;
  const begin = characters.slice(0, shared).join("");
  const highest = await highestPoint(begin, own, hasBehind);
  const middle = begin + characterOf(Math.floor((own + highest) / 2)) + last;
  return compareKeys(middle, low) > 0 && (await hasBehind(middle)) ? middle : low;
}

/** How many characters all keys behind this one begin with, too. */
async function sharedLength(characters: readonly string[], hasBehind: HasBehind): Promise<number> {
  let [least, most] = [0, characters.length];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (await hasBehind(characters.slice(0, middle + 1).join("") + last)) most = middle;
    else least = middle + 1;
  }
  return least;
}

/** The last character that any key has behind a beginning. */
async function highestPoint(begin: string, own: number, hasBehind: HasBehind): Promise<number> {
  const isBeyond = async (point: number): Promise<boolean> => hasBehind(begin + characterOf(point) + last);
  let least = own;
  let most = own < lastAscii && !(await isBeyond(lastAscii)) ? lastAscii : lastPoint;
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (await isBeyond(middle)) least = middle + 1;
    else most = middle;
  }
  return least;
}

/** A character; for half of one that before them. */
function characterOf(point: number): string {
  return String.fromCodePoint(point >= 0xd800 && point <= 0xdfff ? 0xd7ff : point);
}
