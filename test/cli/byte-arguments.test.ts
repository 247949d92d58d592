import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { refuseGarbled } from "../../src/cli/garbled-arguments.ts";
import { freshFolder, runShell } from "./run.ts";

const lines = [
  "send $bad",
  "recv $bad",
  "recv -- $bad",
  "send s --have $bad",
  "send s --exclude=$bad",
  "have $bad",
  "have s $bad",
  "info $bad",
  "wish s/f $bad",
  "data $bad s/f",
  "apply $bad",
  "chunks $bad",
  "push $bad 127.0.0.1:d",
  "push s 127.0.0.1:$bad",
  "push s 127.0.0.1:d -e $bad",
  "pull 127.0.0.1:s $bad",
  "pull 127.0.0.1:$bad d",
  "fetch http://127.0.0.1:9/f $bad",
  "serve $bad",
  "serve s --token-file $bad",
  "relay http://127.0.0.1:9/ --store $bad",
];

describe("an argument that is not UTF-8 is refused, and no other place is used", () => {
  it.each(lines)("%s", async (line) => {
    const folder = freshFolder();
    mkdirSync(join(folder, "s"));
    writeFileSync(join(folder, "s", "f"), "x");
    const { code, stderr } = await runShell(
      `cd "$1" && bad=$(printf 'b\\351') && timeout 60 $RS ${line} </dev/null`,
      folder,
    );
    expect(stderr).toMatch(/^rsync-stream: the argument [^\n]* is not UTF-8 \(USAGE\)\nusage: [^\n]*\n$/);
    expect(code).toBe(2);
    expect(readdirSync(folder)).toEqual(["s"]);
  });
});

it("a name with a true U+FFFD is a name like others where the system tells its bytes", async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, "\uFFFD"));
  const { code, stderr } = await runShell(
    `$RS send "$1" | $RS recv "$2"`,
    `${folder}/\uFFFD/`,
    `${folder}/d`,
  );
  const isTold = process.platform === "linux";
  expect({ code, stderr }).toEqual(isTold ? { code: 0, stderr: expect.any(String) } : expect.anything());
  expect(readdirSync(folder)).toEqual(isTold ? ["d", "\uFFFD"] : ["\uFFFD"]);
});

it("where the bytes cannot be had, whatever may have been garbled is refused", () => {
  expect(() => refuseGarbled(["a", "\uFFFD"], () => undefined)).toThrow(/is not UTF-8/);
  expect(() => refuseGarbled(["a", "é"], () => undefined)).not.toThrow();
});

it("bytes are compared with the argument at the same place", () => {
  const raw = ["node", "x.js", "\xef\xbf\xbd", "b\xe9"].map((text) => Buffer.from(text, "latin1"));
  expect(() => refuseGarbled(["\uFFFD", "b\uFFFD"], () => raw)).toThrow(/"b\uFFFD" is not UTF-8/);
  expect(() => refuseGarbled(["\uFFFD"], () => raw.slice(0, 3))).not.toThrow();
});
