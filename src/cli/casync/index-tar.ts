import { archiveTree } from "../../casync/archive-tree.node.ts";
import { desyncTreeFeatures } from "../../casync/features.ts";
import { withDigest } from "../../casync/index-header.ts";
import { makeIndex } from "../../casync/make-index.ts";
import { defineCommand } from "../command.ts";
import { bytesTo } from "./blob-progress.ts";
import { writeResult } from "./index-file.ts";
import { digestNamed, sizeOptions, sizesOf } from "./size-options.ts";
import { jobsOf, storeOptions, writerOf } from "./store-options.ts";

/** `index tar ARCHIVE DIR`: an archive of a tree, or the index of one. */
export const indexTar = defineCommand({
  operands: ["ARCHIVE", "DIR"],
  result: "ARCHIVE",
  options: {
    ...storeOptions,
    ...sizeOptions,
    "omit-times": { type: "boolean", about: "give every entry the time 0" },
    "one-file-system": { type: "boolean", short: "x", about: "leave out what is on other file systems" },
  },
  writesOutput: () => false,
  async run({ operands: [place, root], options, report, signal }) {
    const digest = digestNamed(options.digest);
    const features = withDigest(desyncTreeFeatures, digest);
    const tree = archiveTree(root, {
      features,
      omitsTimes: options["omit-times"] === true,
      staysOnFileSystem: options["one-file-system"] === true,
      signal,
    });
    if (!place.endsWith(".caidx")) return writeResult(place, tree, { signal });
    const store = writerOf(options, digest);
    const index = makeIndex(tree, {
      sizes: sizesOf(options),
      digest,
      features,
      ...jobsOf(options),
      ...(store && { store }),
      signal,
      onProgress: bytesTo(report),
    });
    await writeResult(place, index, { signal });
    await store?.close();
  },
});
