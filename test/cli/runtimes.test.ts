import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { freshFolder, outcomeOf, runShell, shell } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";
import { skipFor } from "../obstacles.ts";

/** The programs that are to run the command: the one that runs the tests, and those of RSYNC_STREAM_RUNTIMES. */
const others = (process.env["RSYNC_STREAM_RUNTIMES"] ?? "").split(delimiter).filter((path) => path !== "");

describe.each([process.execPath, ...others])("run by %s", (runtime) => {
  const version = execFileSync(runtime, ["--version"], { encoding: "utf8" }).split("\n")[0];
  const command = `RS="${runtime} ${builtCli()}"`;

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
});

it("is run by other versions of Node.js", (context) => {
  if (others.length === 0) skipFor(context, "none is named in RSYNC_STREAM_RUNTIMES, as `.ci/run` does");
});
