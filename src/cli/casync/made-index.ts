import { peek } from "../../bytes/peek.ts";
import { DigestThread } from "../../casync/digest-thread.node.ts";
import { makeIndex, type MakeIndexOptions } from "../../casync/make-index.ts";
import type { Bytes } from "../../types.ts";
import type { Call, OptionValues } from "../command.ts";
import { bytesTo } from "./blob-progress.ts";
import { writeResult } from "./index-file.ts";
import { digestNamed, type sizeOptions, sizesOf } from "./size-options.ts";
import { indexAccess, jobsOf, type storeOptions, writerOf } from "./store-options.ts";

type Given = OptionValues<typeof storeOptions> & OptionValues<typeof sizeOptions>;

/**
 * Writes the index of content, whose chunks go into the store that the options name, if any.
 *
 * @throws USAGE, NOT_FOUND, NO_SPACE, IO, and what the content does
 */
export async function writeIndexOf(
  content: AsyncIterable<Bytes>,
  place: string,
  about: Pick<MakeIndexOptions, "features">,
  { options, report, signal }: Pick<Call<never, never>, "report" | "signal"> & { readonly options: Given },
): Promise<void> {
  const digest = digestNamed(options.digest);
  const sizes = sizesOf(options);
  const { whole } = await peek(content, 1); // what is not there is found before a store is made for it
  await using store = writerOf(options, report, digest);
  await using namer = new DigestThread(digest);
  const index = makeIndex(whole, {
    ...about,
    sizes,
    digest,
    namer,
    ...jobsOf(options),
    ...(store && { store }),
    signal,
    onProgress: bytesTo(report),
  });
  await writeResult(place, index, { signal, ...indexAccess(report, options) });
}
