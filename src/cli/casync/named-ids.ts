import { IdMap } from "../../bytes/id-map.ts";
import { eachChunk } from "../../casync/extract-blob.node.ts";
import { type IndexFileOptions, openIndex } from "./index-file.ts";

/** The ids that indexes name. One that begins like another is taken for it. */
export async function idsNamedBy(places: readonly string[], options: IndexFileOptions): Promise<IdMap> {
  const named = new IdMap();
  for (const place of places)
    for await (const { id } of eachChunk(await openIndex(place, options))) named.set(id, 1);
  return named;
}
