import { join } from "node:path";
import { expect } from "vitest";
import { freshFolder, runShell } from "./run.ts";
import { picture, plant } from "./trees.ts";
import { notPosix, unless } from "../obstacles.ts";

/** More directories than may be open at once. */
const files = Object.fromEntries(
  Array.from({ length: 1000 }, (_, i) => [`d${i % 100}/f${i}`, `file ${i}\n`.repeat(i % 50)]),
);

unless(notPosix).test.each([
  ["one way", '$RS send "$1/" | $RS recv "$2"'],
  ["both ways", 'mkfifo "$2.fifo"; $RS send --duplex "$1/" < "$2.fifo" | $RS recv --duplex "$2" > "$2.fifo"'],
])("a tree goes %s between programs that may open 64 files", async (_, line) => {
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  plant(from, files);
  const { code, stderr } = await runShell(`ulimit -n 64; ${line}`, from, to);
  expect(stderr).not.toContain("EMFILE");
  expect(code).toBe(0);
  expect(picture(to)).toEqual(picture(from));
});

unless(notPosix).test("a command is loaded from few files, all of which Node.js opens at once", async () => {
  const { code, stdout } = await runShell("ulimit -n 32; $RS recv --help");
  expect(code).toBe(0);
  expect(stdout.toString()).toContain("rsync-stream recv");
});
