import { archiveTree } from "../../casync/archive-tree.node.ts";
import { casyncFeatures } from "../../casync/features.ts";
import { withDigest } from "../../casync/index-header.ts";
import { readableFeatures } from "../../casync/tree-facts.node.ts";
import { defineCommand } from "../command.ts";
import { featureOptions, featuresOf } from "./feature-options.ts";
import { writeResult } from "./index-file.ts";
import { writeIndexOf } from "./made-index.ts";
import { digestNamed, sizeOptions } from "./size-options.ts";
import { storeOptions } from "./store-options.ts";

/** `index tar ARCHIVE DIR`: an archive of a tree, or the index of one. */
export const indexTar = defineCommand({
  operands: ["ARCHIVE", "DIR"],
  result: "ARCHIVE",
  options: {
    ...storeOptions,
    ...sizeOptions,
    ...featureOptions,
    "keep-excluded": { type: "boolean", about: "pack what .caexclude files name, too" },
    "omit-times": { type: "boolean", about: "give every entry the time 0" },
    "one-file-system": { type: "boolean", short: "x", about: "leave out what is on other file systems" },
  },
  writesOutput: () => false,
  async run(call) {
    const {
      operands: [place, root],
      options,
      signal,
    } = call;
    const digest = digestNamed(options.digest);
    const obeysLists = options["keep-excluded"] !== true;
    const chosen = featuresOf(options);
    const told = obeysLists ? chosen : chosen & ~casyncFeatures.excludeFile;
    const features = withDigest(readableFeatures(told), digest);
    const tree = archiveTree(root, {
      features,
      obeysLists,
      omitsTimes: options["omit-times"] === true,
      staysOnFileSystem: options["one-file-system"] === true,
      signal,
    });
    if (!place.endsWith(".caidx")) return writeResult(place, tree, { signal });
    await writeIndexOf(tree, place, { features }, call);
  },
});
