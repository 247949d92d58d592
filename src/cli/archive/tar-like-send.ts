import { makeIndex } from "../../archive/make-index.node.ts";
import { sendBlocks } from "../../archive/tar-like/send-blocks.node.ts";
import { tarLikeForm } from "../../archive/tar-like/tar-table.node.ts";
import { writeIndex } from "../../archive/write-index.node.ts";
import { temporaryFile } from "../../bucket/temporary-file.node.ts";
import { closingInTheEnd } from "../../bytes/closing.ts";
import { SyncError } from "../../errors.ts";
import { openSource } from "../../transfer/open-source.node.ts";
import { defineCommand } from "../command.ts";
import { readCount } from "../options/arguments.ts";
import { httpOptions, readFetchOptions } from "../options/remote-options.ts";
import { contentsOf } from "./index-tree.ts";
import type { Report } from "../report/report.ts";
import { endOf } from "./partial-end.ts";

/** Blocks that a receiver is told to have, at most: their numbers are of ten digits. */
const mostBlockCount = 1_000_000_000;

/** `tar-like send TREE URL`: sends files to a receiver of tar-like. */
export const tarLikeSend = defineCommand({
  operands: ["TREE", "URL"],
  options: {
    index: {
      type: "string",
      value: "FILE",
      about: "the database of tar-like; one is made of TREE unless given",
    },
    archive: {
      type: "string",
      value: "N",
      about: "the number of the archive at the receiver; 0 unless given",
    },
    "block-size": {
      type: "string",
      short: "s",
      value: "BYTES",
      about: "bytes of a block; 30000000 unless given",
    },
    "first-block": {
      type: "string",
      short: "f",
      value: "N",
      about: "the first block to send; 0 unless given",
    },
    "last-block": { type: "string", short: "l", value: "N", about: "the last block to send" },
    jobs: { type: "string", short: "j", value: "N", about: "blocks at a time; 5 unless given" },
    state: {
      type: "string",
      value: "FILE",
      about: "record in this file what was sent, and send the rest of it",
    },
    ...httpOptions,
  },
  writesOutput: () => false,
  async run({ operands: [tree, prefix], options, report, signal }) {
    const archive = readCount("archive", options.archive, 0, 1_000_000_000) ?? 0;
    const url = `${prefix.replace(/\/+$/, "")}/${archive}`;
    const http = { ...(await readFetchOptions(url, options)), signal };
    const terms = {
      blockBytes: readCount("block-size", options["block-size"], 1, 4_294_967_295),
      first: readCount("first-block", options["first-block"], 0, mostBlockCount),
      last: readCount("last-block", options["last-block"], 0, mostBlockCount),
      blockCount: readCount("jobs", options.jobs, 1, 64),
      state: options.state,
    };
    if (terms.last !== undefined && terms.last < (terms.first ?? 0))
      throw new SyncError("USAGE", "--last-block is in front of --first-block");
    let failedEntries = 0;
    const onTrouble = (error: SyncError): void => {
      failedEntries += 1;
      report.trouble(error);
    };
    using made = options.index === undefined ? temporaryFile() : undefined;
    if (made) await makeTable(tree, made.path, onTrouble, signal);
    const sent = await sendBlocks(tree, options.index ?? made!.path, url, {
      ...terms,
      http,
      onTrouble,
      onProgress: ({ doneBytes, newBytes, wireBytes }) => report.progress({ doneBytes, newBytes, wireBytes }),
    });
    tellLost(sent.lostFiles, report);
    tellPastEnd(sent.archiveBlocks, terms.first, report);
    const { doneBytes, newBytes, wireBytes } = sent;
    report.summary({ action: "sent", doneBytes, newBytes, wireBytes, failedEntries });
    endOf(failedEntries);
  },
});

async function makeTable(
  tree: string,
  path: string,
  onTrouble: (error: SyncError) => void,
  signal: AbortSignal,
): Promise<void> {
  const source = await openSource(contentsOf(tree), {});
  const writer = writeIndex(path, tarLikeForm, { digest: "md5", isOfFiles: true });
  const make = async (): Promise<void> => {
    try {
      await makeIndex(source, writer, { digest: "md5", signal, onTrouble });
    } finally {
      writer.close();
    }
  };
  await closingInTheEnd(make, () => source.close());
}

/** Tells that no block was asked for that the archive has. */
function tellPastEnd(blocks: number, first: number | undefined, report: Report): void {
  if (first === undefined || first < blocks) return;
  report.notice(
    `nothing is sent from block ${first} on: the archive has ${blocks}, the first of which is 0`,
    {
      blocks,
    },
  );
}

/** Tells of files that only a receiver of ours makes. */
function tellLost(files: number, report: Report): void {
  if (files === 0) return;
  const what = files === 1 ? "1 empty file begins" : `${files} empty files begin`;
  report.notice(`${what} at a block: a receiver of tar-like itself makes none there`, { files });
}
