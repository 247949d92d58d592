import { readCatar } from "../../casync/catar-reader.ts";
import { extractBlob } from "../../casync/extract-blob.node.ts";
import { extractTree } from "../../casync/extract-tree.node.ts";
import type { IndexReading } from "../../casync/index-reader.ts";
import { readBlob } from "../../casync/read-blob.ts";
import { Versions } from "../../casync/versions.ts";
import { SyncError } from "../../errors.ts";
import type { ChunkReader } from "../../store/store.ts";
import { fillReplacement } from "../casync/blob-output.ts";
import { bytesTo } from "../casync/blob-progress.ts";
import { type Call, defineCommand } from "../command.ts";
import { nameFor, nameOption, openVersions, versionOptions } from "./version-place.ts";
import { countOf } from "../report/count-of.ts";

type Telling = Pick<Call<never, never>, "report" | "signal">;

/** `bucket pull STORE DST`: brings back a version of a tree or a file. */
export const bucketPull = defineCommand({
  operands: ["STORE", "DST"],
  options: {
    ...nameOption,
    at: {
      type: "string",
      value: "VERSION",
      about: "which version, as bucket list has it; the last unless given",
    },
    ...versionOptions,
  },
  writesOutput: () => false,
  async run({ operands: [place, path], options, report, signal }) {
    const store = await openVersions(place, options, signal);
    await using chunks = store.chunks;
    const versions = new Versions(store.bucket, store.prefix);
    const found = await versions.find(nameFor(path, options.name), options.at, { signal });
    const index = await versions.read(found, { signal });
    const bring = found.kind === "caidx" ? bringTree : bringFile;
    await bring(index, chunks, path, { report, signal });
    report.notice(`${path} is ${found.name} of ${found.version}`, {
      name: found.name,
      version: found.version,
    });
  },
});

async function bringTree(
  index: IndexReading,
  chunks: ChunkReader,
  path: string,
  { report, signal }: Telling,
): Promise<void> {
  let troubleCount = 0;
  await extractTree(await readCatar(readBlob(index, chunks, { signal })), path, {
    signal,
    onProgress: bytesTo(report),
    onTrouble(error) {
      troubleCount++;
      report.trouble(error);
    },
  });
  if (troubleCount > 0)
    throw new SyncError(
      "PARTIAL",
      `${countOf(troubleCount, "entry", "entries")} could not be made as in the version`,
    );
}

/** Chunks that the old file has are taken from there. */
async function bringFile(
  index: IndexReading,
  chunks: ChunkReader,
  path: string,
  { report, signal }: Telling,
): Promise<void> {
  const progress = bytesTo(report);
  await fillReplacement(path, async (fd, old) => {
    await extractBlob(index, chunks, fd, path, {
      ...(old !== undefined && { old }),
      signal,
      onProgress: ({ totalBytes }) => progress(totalBytes),
    });
  });
}
