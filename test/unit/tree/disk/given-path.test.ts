import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toByteString } from "../../../../src/tree/disk/calls/byte-string.node.ts";
import { GivenPath, withoutSlash } from "../../../../src/tree/disk/calls/given-path.node.ts";
import { freshFolder } from "../../../cli/run.ts";

/** A folder with a directory, and a link to it. */
function plant() {
  const folder = freshFolder();
  const [dir, link] = [join(folder, "dir"), join(folder, "link")];
  fs.mkdirSync(dir);
  fs.symlinkSync("dir", link);
  return { dir, link };
}

function given(path: string, follow: boolean): GivenPath {
  return new GivenPath(toByteString(Buffer.from(path)), follow);
}

test("a path leads to what it led to, until something else stands there", () => {
  const { dir } = plant();
  const fd = fs.openSync(dir, "r");
  const path = given(dir, false);
  expect(path.leadsTo(fd)).toBe(true);
  fs.renameSync(dir, `${dir}-aside`);
  expect(path.leadsTo(fd)).toBe(false);
  fs.mkdirSync(dir);
  expect(path.leadsTo(fd)).toBe(false);
  fs.rmdirSync(dir);
  fs.renameSync(`${dir}-aside`, dir);
  expect(path.leadsTo(fd)).toBe(true);
  fs.closeSync(fd);
});

test("a link at the end of a path leads on only where it is followed, also behind a slash", () => {
  const { dir, link } = plant();
  const fd = fs.openSync(dir, "r");
  expect(given(`${link}/`, true).leadsTo(fd)).toBe(true);
  expect(given(`${link}/`, false).leadsTo(fd)).toBe(false);
  expect(given(`${dir}//`, false).leadsTo(fd)).toBe(true);
  fs.closeSync(fd);
});

test("the root alone keeps its slash", () => {
  expect(["/", "//", "a/", "/a//", "a"].map((path) => withoutSlash(path as never))).toEqual([
    "/",
    "/",
    "a",
    "/a",
    "a",
  ]);
});
