import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DataSet, Size } from "./data-set.ts";
import { rows, vacuum } from "./database.ts";
import { kernelRenamed, kernelTimes } from "./kernel-changes.ts";
import { kernel, kernelPlainTar, kernelTar } from "./kernel.ts";
import { log } from "./log.ts";
import { few, million, scattered, sparse, tiny } from "./many-files.ts";
import { recordingManifest } from "./manifest.ts";
import { modules } from "./modules.ts";
import { runs, scatteredEdits, shifts } from "./noise.ts";
import { prepareSet, Unmakeable } from "./prepare.ts";

const kernelSets = [kernelTar, kernel, kernelPlainTar, kernelTimes, kernelRenamed];
const fileSets = [rows, vacuum, log, runs, scatteredEdits, shifts, sparse];
const allSets: readonly DataSet[] = [...kernelSets, ...fileSets, modules, few, scattered, tiny, million];

/**
 * Makes the sets with one of these words in their names, or all, and writes into the manifest what
 * they are: the quick ones, and in a folder, where one is given, the full ones.
 */
export async function recordSets(root: string, words: readonly string[], data?: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "rsync-stream-record-"));
  process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
  const chosen = allSets.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
  for (const set of chosen) {
    await recordSet(set, root, scratch, "quick");
    if (data !== undefined) await recordSet(set, root, resolve(data), "full");
  }
}

async function recordSet(set: DataSet, root: string, folder: string, size: Size): Promise<void> {
  try {
    await prepareSet(set, { folder, size, manifest: recordingManifest(root) });
    console.log(`recorded: ${set.name}, ${size}`);
  } catch (thrown) {
    if (!(thrown instanceof Unmakeable)) throw thrown;
    console.log(`skip: ${set.name}, ${size}: ${thrown.message}`);
  }
}
