import { expect, test } from "vitest";
import { SyncError } from "../../../../src/errors.ts";
import { entryTrouble } from "../../../../src/tree/disk/calls/file-trouble.node.ts";

test("trouble of an entry has its path, whoever found it", () => {
  const found = [
    Object.assign(new Error("EACCES: denied"), { code: "EACCES", errno: -13, syscall: "open" }),
    new SyncError("PATH", "something else took its place"),
    new TypeError("a mistake"),
  ];
  for (const thrown of found) expect(entryTrouble(thrown, "d1").detail.path).toBe("d1");
  const told = new SyncError("PATH", "known", { detail: { path: "d1/file" } });
  expect(entryTrouble(told, "d1")).toBe(told);
});
