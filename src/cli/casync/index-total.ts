import { closeSync, openSync, readSync } from "node:fs";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { indexHeaderBytes, indexItemBytes, indexTailBytes } from "../../casync/index-header.ts";
import { splitIndexPlace } from "../../casync/open-index-store.node.ts";
import { readWord, viewOf } from "../../casync/words.ts";

/**
 * Where the last chunk ends, as an index in a file says; nothing of it has been checked. Undefined
 * for what is no file here, or too short. Throws what the system says.
 */
export function totalOfIndex(place: string): number | undefined {
  if (place === "-" || splitIndexPlace(place)) return undefined;
  const stat = statsAt(place);
  const at = (stat?.size ?? 0) - indexTailBytes - indexItemBytes;
  if (stat?.isFile() !== true || at < indexHeaderBytes) return undefined;
  const fd = openSync(pathOf(place), "r");
  try {
    const end = new Uint8Array(8);
    readSync(fd, end, 0, end.length, at);
    return Number(readWord(viewOf(end), 0));
  } finally {
    closeSync(fd);
  }
}
