/**
 * Runs folders of CAFS test vectors against this library. The form of the files:
 * test/vectors/cafs/README.md.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { casyncCases, type NamedCase } from "./casync.ts";
import { type Case, type CaseRunner, Mismatch } from "./check.ts";
import { runChunker, runChunkerRolling, runChunkerScan } from "./chunker.ts";
import { runErrors } from "./errors.ts";
import { runHttpCapture } from "./http-capture.ts";
import { runShuffle } from "./shuffle.ts";
import { runStorage } from "./storage.ts";
import { runSyncInfo, runSyncInfoShuffle } from "./sync-info.ts";
import { runTransfer } from "./transfer.ts";
import { runVarint } from "./varint.ts";
import { runWishlist } from "./wishlist.ts";

const schema = "cafs-vectors/1 ";

const runners: Record<string, CaseRunner> = {
  chunker: runChunker,
  "chunker-scan": runChunkerScan,
  "chunker-rolling": runChunkerRolling,
  varint: runVarint,
  syncinfo: runSyncInfo,
  shuffle: runShuffle,
  "syncinfo-shuffle": runSyncInfoShuffle,
  wishlist: runWishlist,
  transfer: runTransfer,
  errors: runErrors,
  storage: runStorage,
  "http-capture": runHttpCapture,
};

export interface Tally {
  passed: number;
  failed: number;
}

/** Runs every vector file of a folder; `print` gets one line for each case that fails. */
export async function runFolder(folder: string, print: (line: string) => void): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 };
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  // The vectors of casync have those of their store beside it.
  if (existsSync(join(folder, "store", "store.json"))) names.push("store/store.json");
  for (const name of names.sort()) {
    try {
      await runFile(
        join(folder, name),
        name,
        JSON.parse(readFileSync(join(folder, name), "utf8")),
        tally,
        print,
      );
    } catch (thrown) {
      tally.failed++;
      print(`${name}: ${reason(thrown)}`);
    }
  }
  if (tally.passed + tally.failed === 0) {
    tally.failed++;
    print(`${folder}: no vectors`);
  }
  return tally;
}

async function runFile(
  path: string,
  name: string,
  file: Case,
  tally: Tally,
  print: (line: string) => void,
): Promise<void> {
  const ofCasync = casyncCases(dirname(path), file);
  if (ofCasync !== undefined) return runNamed(name, ofCasync, tally, print);
  const kind = String(file.schema).startsWith(schema) ? file.schema.slice(schema.length) : undefined;
  const runner = Object.hasOwn(runners, kind ?? "") ? runners[kind] : undefined;
  if (runner === undefined) throw new Mismatch(`unknown schema ${JSON.stringify(file.schema)}`);
  if (!Array.isArray(file.cases) || file.cases.length === 0) throw new Mismatch("no cases");
  for (const [index, vector] of file.cases.entries()) {
    try {
      await runner(vector);
      tally.passed++;
    } catch (thrown) {
      tally.failed++;
      print(`${name}: case ${index} ${vector?.name ?? vector?.type ?? ""}: ${reason(thrown)}`);
    }
  }
}

async function runNamed(
  file: string,
  cases: readonly NamedCase[],
  tally: Tally,
  print: (line: string) => void,
): Promise<void> {
  for (const [name, run] of cases) {
    try {
      await run();
      tally.passed++;
    } catch (thrown) {
      tally.failed++;
      print(`${file}: ${name}: ${reason(thrown)}`);
    }
  }
}

function reason(thrown: unknown): string {
  if (thrown instanceof Mismatch) return thrown.message;
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}
