import { expect, test } from "vitest";
import { override } from "../../../src/bytes/override.ts";
import { SyncError } from "../../../src/errors.ts";
import { sessionLimits } from "../../../src/session/limits.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import type { SourceOptions } from "../../../src/tree/source.ts";
import { PlainTarget, plainSource } from "../../plain-tree.ts";

const { keptTroubleCount } = sessionLimits;

/** What a receiver hears of what a source leaves out, beside one file that it sends. */
async function hear(leftOut: readonly SyncError[], mode: "duplex" | "one-way" = "duplex") {
  const plain = plainSource(new Map([["a", { kind: "file", content: Uint8Array.of(1) }]]));
  const source = override(plain, {
    async *entries(options: SourceOptions) {
      for (const error of leftOut) options.onTrouble?.(error);
      yield* plain.entries(options);
    },
  });
  const [left, right] = duplexPair();
  const heard: SyncError[] = [];
  const told: SyncError[] = [];
  const [, summary] = await Promise.all([
    sendTree(source, left, { mode, onTrouble: (error) => told.push(error) }),
    receiveTree(new PlainTarget(), right, {
      duplex: mode === "duplex",
      onTrouble: (error) => heard.push(error),
    }),
  ]);
  return { heard, told, summary };
}

test.each(["duplex", "one-way"] as const)("both ends hear which paths are left out, %s", async (mode) => {
  const leftOut = [
    new SyncError("IO", "EACCES: permission denied", { detail: { path: "secret" } }),
    new SyncError("UNSUPPORTED", "pipes are not sent", { detail: { path: "dir/\u001b[2Jpipe" } }),
  ];
  const { heard, told, summary } = await hear(leftOut, mode);
  expect(told).toEqual(leftOut);
  expect(heard.map(({ code, message, remote, detail }) => [code, message, remote, detail.path])).toEqual([
    ["IO", "EACCES: permission denied", true, "secret"],
    ["UNSUPPORTED", "pipes are not sent", true, "dir/\u001b[2Jpipe"],
  ]);
  expect(summary).toMatchObject({ troubles: 2, failed: 0, files: 1 });
});

test("of many that are left out so many are named, and all are counted", async () => {
  const leftOut = Array.from(
    { length: keptTroubleCount + 5 },
    (_, i) => new SyncError("IO", "gone", { detail: { path: `p${i}` } }),
  );
  const { heard, told, summary } = await hear(leftOut);
  expect(heard).toHaveLength(keptTroubleCount);
  expect(told).toHaveLength(leftOut.length);
  expect(summary.troubles).toBe(leftOut.length);
});
