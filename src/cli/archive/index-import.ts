import { openListing } from "../../archive/import-listing.node.ts";
import { sortedEntries } from "../../archive/sorted-entries.node.ts";
import { checkDigestName } from "../../archive/tree-index.node.ts";
import { defineCommand } from "../command.ts";
import { openOutput, writtenIndexOptions } from "./index-forms.ts";

/** `index import LISTING -o FILE`: an index of the files that somebody else has listed. */
export const indexImport = defineCommand({
  operands: ["LISTING"],
  options: {
    ...writtenIndexOptions,
    columns: {
      type: "string",
      value: "NAMES",
      about: "what the columns of a CSV file are, such as path,size,md5; its first row tells unless given",
    },
    digest: { type: "string", value: "NAME", about: "of what kind digests are whose column is called so" },
  },
  writesOutput: () => false,
  async run({ operands: [path], options, report, signal }) {
    const listing = await openListing(path, {
      columns: options.columns?.split(","),
      digest: options.digest === undefined ? undefined : checkDigestName(options.digest),
    });
    const writer = openOutput(options, { digest: listing.digest, isOfFiles: true });
    try {
      for await (const entries of sortedEntries(listing.entries)) {
        signal.throwIfAborted();
        writer.add(entries);
      }
      const { entries, files, bytes, sha256 } = writer.finish();
      report.summary({ action: "listed", entries, files, doneBytes: bytes, newBytes: 0, digest: sha256 });
    } finally {
      writer.close();
    }
  },
});
