import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { indexHeaderBytes, indexItemBytes } from "../../src/casync/index-header.ts";
import { builtCli } from "../built.ts";
import { xorshiftBytes } from "../vectors/input.ts";
import { freshFolder, outcomeOf, rsyncStream } from "./run.ts";

const desync = join(dirname(builtCli()), "desync.mjs");

test.for([
  [builtCli(), "index", "extract", "-", "out"],
  [builtCli(), "index", "cat", "-"],
  [desync, "extract", "-", "out"],
  [desync, "cat", "-"],
])("%j fails for a chunk that is nowhere, while more of the index is to come", async (line) => {
  const folder = freshFolder();
  const [blob, index] = [join(folder, "blob"), join(folder, "blob.caibx")];
  writeFileSync(blob, xorshiftBytes(3, 300_000));
  mkdirSync(join(folder, "empty.castr"));
  expect(await rsyncStream(["index", "make", index, blob, "--chunk-size", "1K:4K:16K"])).toMatchObject({
    code: 0,
  });
  const child = spawn(process.execPath, [...line, "-s", "empty.castr"], { cwd: folder });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.write(readFileSync(index).subarray(0, indexHeaderBytes + 2 * indexItemBytes)); // and no end
  expect(await outcomeOf(child)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is not in the store"),
  });
});
