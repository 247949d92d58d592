import { IdSet } from "../../bytes/id-set.ts";
import { eachChunk } from "../../casync/index-reader.ts";
import type { Bytes } from "../../types.ts";
import { type IndexFileOptions, openIndex } from "./index-file.ts";

/** Which of the ids that indexes name are held. */
export interface NamedIdsOptions extends IndexFileOptions {
  /** False for an id that is left out; all are held unless given. */
  readonly isNamed?: (id: Bytes) => boolean;
}

/** The ids that indexes name. One that begins like another is taken for it. */
export async function idsNamedBy(places: readonly string[], options: NamedIdsOptions): Promise<IdSet> {
  const { isNamed = () => true } = options;
  const named = new IdSet();
  for (const place of places)
    for await (const { id } of eachChunk(await openIndex(place, options))) if (isNamed(id)) named.add(id);
  return named;
}
