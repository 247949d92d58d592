import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { root } from "../house/source-files.ts";
import { freshFolder, outcomeOf, runShell, shell } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";
import { skipFor } from "../obstacles.ts";

/**
 * The programs that are to run the command: the one that runs the tests, and those of
 * RSYNC_STREAM_RUNTIMES.
 */
const others = (process.env["RSYNC_STREAM_RUNTIMES"] ?? "").split(delimiter).filter((path) => path !== "");

describe.each([process.execPath, ...others])("run by %s", (runtime) => {
  const isDeno = /^deno\b/.test(basename(runtime));
  const version = execFileSync(runtime, ["--version"], { encoding: "utf8" }).split("\n")[0];
  const command = `RS="${runtime}${isDeno ? " run --allow-all" : ""} ${builtCli()}"`;

  it(`${version} prints help without a warning`, async () => {
    const { code, stdout, stderr } = await runShell(`${command}; $RS help push`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.toString()).toContain("rsync-stream push SRC");
  });

  it(`${version} sends, receives and pushes, and says nothing but what it did`, async () => {
    const folder = freshFolder();
    const tree = join(folder, "tree");
    plant(tree, { "big.bin": noise(3_000_000, "big"), "sub/ü": "text", "sub/link": "-> ü" });
    mkdirSync(join(tree, "empty"));
    writeFileSync(join(folder, "remote"), 'shift; exec sh -c "$*"');
    const oneWay = '$RS send "$1/tree/" | $RS recv "$1/sent"';
    const twoWays = '$RS push "$1/tree/" "h:$1/pushed" -e "sh $1/remote" --remote-path "$RS"';
    const { code, stderr } = await outcomeOf(shell(`${command}; ${oneWay} && ${twoWays}`, folder));
    expect(code, stderr).toBe(0);
    expect(stderr.replace(/^(sent|received): .*\n/gm, "")).toBe("");
    for (const copy of ["sent", "pushed"]) expect(picture(join(folder, copy))).toEqual(picture(tree));
  });

  it(`${version} talks both ways over pipes, and serves`, async () => {
    const folder = freshFolder();
    const tree = join(folder, "tree");
    plant(tree, { "big.bin": noise(3_000_000, "big"), "sub/ü": "text", "sub/link": "-> ü" });
    const line = [
      'cd "$1"; mkfifo back; mkdir served; set -e',
      "$RS send --duplex tree/ <back | $RS recv --duplex both >back",
      '$RS serve served --listen 127.0.0.1:0 >log 2>&1 & server=$!; trap "kill $server" EXIT',
      "until url=$(grep -so 'http://[0-9.:]*/' log | head -n1 | grep .); do sleep 0.1; done",
      '$RS push tree/ "ws${url#http}pushed"; $RS push tree/ "${url}turned" --turns',
      '$RS pull "${url}pushed/" pulled; $RS fetch "${url}pushed/big.bin" big.bin',
      "cmp big.bin tree/big.bin; trap - EXIT; kill $server; wait $server",
    ].join("\n");
    const { code, stderr } = await outcomeOf(shell(`${command}; ${line}`, folder));
    expect(code, stderr).toBe(0);
    expect(stderr.replace(/^(sent|received): .*\n/gm, "")).toBe("");
    for (const copy of ["both", "served/pushed", "served/turned", "pulled"])
      expect(picture(join(folder, copy)), copy).toEqual(picture(tree));
  });
});

/** Tests of what Node.js itself does, which differs from version to version: quick ones. */
const shortForm = [
  "test/unit/transport/stdio.test.ts",
  "test/unit/tree/disk/place-bytes.test.ts",
  "test/unit/tree/disk/source-filter.test.ts",
  "test/unit/tree/disk/chunk-reader.test.ts",
  "test/unit/tree/disk/file-stats.test.ts",
  "test/unit/chunk/blake3.test.ts",
  "test/unit/http/request-head.test.ts",
  "test/unit/cli/engine.test.ts",
];

const nodes = others.filter((path) => /^node\b/.test(basename(path)));

it.each(nodes)("%s passes tests of what Node.js does", async (node) => {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(node, [vitest, "run", "--reporter=dot", ...shortForm], {
    cwd: root,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, stdout, stderr } = await outcomeOf(child);
  expect(code, `${stdout.toString()}\n${stderr}`).toBe(0);
});

it("is run by other versions of Node.js", (context) => {
  if (others.length === 0) skipFor(context, "none is named in RSYNC_STREAM_RUNTIMES, as `.ci/run` does");
});
