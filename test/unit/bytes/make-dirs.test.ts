import { existsSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { notLinux, unless } from "../../obstacles.ts";
import { makeDirs } from "../../../src/bytes/make-dirs.node.ts";

const folder = mkdtempSync(join(tmpdir(), "make-dirs-"));
const at = (name: string): string => join(folder, name);

it("makes what is not there, and leaves what is", () => {
  makeDirs(at("a/b"), 0o700);
  makeDirs(at("a/b/c"));
  makeDirs(at("a"));
  expect([existsSync(at("a/b/c")), statSync(at("a/b")).mode & 0o777]).toEqual([true, 0o700]);
});

it("tells what is in the place of a directory, wherever on the way that is", () => {
  writeFileSync(at("file"), "");
  symlinkSync("nowhere", at("link"));
  for (const [path, inTheWay] of [
    ["file", "file"],
    ["file/a", "file"],
    ["file/a/b", "file"],
    ["link", "link"],
    ["file/", "file"],
    ["link//", "link"],
  ] as const)
    expect(() => makeDirs(at(path)), path).toThrow(
      expect.objectContaining({
        code: "PATH",
        message: "this is in the place of a directory: move it away, or name another place",
        detail: { path: at(inTheWay) },
      }),
    );
});

unless(notLinux).test("ends, and tells what the system says, where nothing can be made", () => {
  const path = "/proc/nowhere/a";
  expect(() => makeDirs(path)).toThrow(expect.objectContaining({ code: "IO", detail: { path } }));
});
