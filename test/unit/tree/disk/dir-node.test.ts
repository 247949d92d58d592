import { expect, test } from "vitest";
import { DirNode, printDir } from "../../../../src/tree/disk/calls/dir-node.node.ts";

test("a directory is told by its path as text", () => {
  const top = new DirNode(undefined, "");
  expect(printDir(new DirNode(new DirNode(top, "\xc3\xa9"), "d"))).toBe("é/d");
  expect(printDir(top)).toBe("");
});
