import { expect } from "vitest";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import { failureOf, watchCalls } from "../../../faults/watched-calls.ts";
import { notLinux, unless } from "../../../obstacles.ts";
import { openBelow } from "../../../open-handles.ts";
import { tempDir } from "./disk-tree.ts";

unless(notLinux).test("a root that was opened and cannot be looked at is closed", () => {
  using temp = tempDir();
  using _watch = watchCalls(temp.path, (call) => (call.name === "stat" ? failureOf(call, "EIO") : undefined));
  expect(() => new HeldDirs(temp.path)).toThrow(expect.objectContaining({ code: "EIO" }));
  expect(openBelow(temp.path)).toEqual([]);
});
