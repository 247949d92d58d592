import { existsSync } from "node:fs";
import { makeIndex } from "../../archive/make-index.node.ts";
import { openIndex } from "../../archive/open-index.node.ts";
import { findPlaceIn } from "../../archive/write-index.node.ts";
import { pathOf } from "../../bytes/byte-path.node.ts";
import { statsAt } from "../../bytes/stats-at.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import { loadFilter } from "../../transfer/filter-loading.node.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import { defineCommand } from "../command.ts";
import { filterOptions, readFilterOptions } from "../options/filter-options.ts";
import { choiceOptions, readFileSystemOption } from "../options/source-options.ts";
import { digestOf, openOutput, outputOf, writtenIndexOptions } from "./index-forms.ts";
import { endOf } from "./partial-end.ts";

/** `index tree TREE -o FILE`: the index of a tree, by which it is compared, cut and looked into. */
export const indexTree = defineCommand({
  operands: ["TREE"],
  options: {
    ...writtenIndexOptions,
    digest: {
      type: "string",
      value: "NAME",
      about: "sha256 (default), sha512, sha1, md5, blake2b512, or none: read no content",
    },
    update: { type: "boolean", about: "take digests over from FILE where size and time are the same" },
    "exclude-regex": {
      type: "string",
      multiple: true,
      value: "REGEX",
      about: "leave out paths below TREE that it is found in",
    },
    ...filterOptions,
    "copy-links": { type: "boolean", short: "L", about: choiceOptions["copy-links"].about },
    "one-file-system": choiceOptions["one-file-system"],
  },
  writesOutput: () => false,
  async run({ operands: [place], options, report, signal }) {
    const { path } = outputOf(options);
    const digest = digestOf(options.digest, options);
    const own = findPlaceIn(place, path);
    const excluded = [...(options["exclude-regex"] ?? []).map(parsePattern), ...(own ? [own] : [])];
    const { filter } = await loadFilter(await readFilterOptions(options), "receiver");
    const source = await openSource(contentsOf(place), {
      filter,
      copyLinks: options["copy-links"],
      ...readFileSystemOption(options["one-file-system"]),
    });
    let failedEntries = 0;
    const make = async (): Promise<void> => {
      const earlier = options.update === true && existsSync(pathOf(path)) ? openIndex(path) : undefined;
      const writer = openOutput(options, { digest, isOfFiles: false });
      try {
        const made = await makeIndex(source, writer, {
          digest,
          earlier,
          excluded,
          signal,
          onProgress: ({ entries, files, doneBytes, readBytes }) =>
            report.progress({ entries, files, doneBytes, newBytes: readBytes }),
          onTrouble: (error) => {
            failedEntries += 1;
            report.trouble(error);
          },
        });
        const { entries, files, bytes, sha256, readBytes } = made;
        const done = { entries, files, doneBytes: bytes, newBytes: readBytes, digest: sha256 };
        report.summary({ action: "listed", ...done, failedEntries });
      } finally {
        writer.close();
        earlier?.close();
      }
    };
    await closingInTheEnd(make, () => source.close());
    endOf(failedEntries);
  },
});

/** A directory as what is in it: its own name is no part of an index. */
export function contentsOf(place: string): string {
  const isDir = statsAt(place)?.isDirectory() === true;
  return isDir && !place.endsWith("/") ? `${place}/` : place;
}

/** @throws USAGE */
function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (cause) {
    throw new SyncError("USAGE", `--exclude-regex "${text}" is no regular expression`, { cause });
  }
}
