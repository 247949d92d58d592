import { isMd5 } from "../etag.ts";
import type { ListedObject } from "../object-bucket.ts";
import type { Comparison } from "./job.ts";

/** What listings tell of two objects of one key. */
export type Likeness = "equal" | "different" | "unknown";

/** Compares by what listings say alone. Nothing is equal whose size differs. */
export function compareListed(
  source: ListedObject,
  destination: ListedObject,
  compare: Comparison,
): Likeness {
  if (source.sizeBytes !== destination.sizeBytes) return "different";
  if (compare === "size" || isMarker(source)) return "equal";
  if (compare === "time") return destination.writtenMs >= source.writtenMs ? "equal" : "different";
  if (source.etag === undefined || destination.etag === undefined) return "unknown";
  if (source.etag === destination.etag) return "equal";
  return isMd5(source.etag) && isMd5(destination.etag) ? "different" : "unknown";
}

/** A key for a folder, without content: times and ETags say nothing of it. */
function isMarker({ key, sizeBytes }: ListedObject): boolean {
  return key.endsWith("/") && sizeBytes === 0;
}
