import fs from "node:fs";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
import { aclNames, formatAcl } from "../../../../src/tree/disk/facts/acl-form.ts";
import { placeAtPath } from "../../../../src/tree/disk/calls/fact-place.node.ts";
import { findXattrCalls } from "../../../../src/tree/disk/facts/xattr-calls.node.ts";
import { unless } from "../../../obstacles.ts";
import { describeTree, tempDir } from "./disk-tree.ts";
import { syncFacts } from "./fact-trees.ts";

afterEach(() => vi.restoreAllMocks());

const calls = findXattrCalls();
const { test } = unless(calls ? undefined : "the C library cannot be called, or is not that of Linux");
const keep = { owner: true, group: true, xattrs: true, acls: true, specialBits: true };
const fileCount = 30;

/** What was asked of the system about attributes, by both ends. */
async function countCalls(from: string, to: string) {
  const names = ["list", "get", "set", "remove"] as const;
  const spies = names.map((name) => vi.spyOn(calls!, name));
  const { troubles, unkept } = await syncFacts(from, to, keep);
  expect([troubles, unkept]).toEqual([[], []]);
  return Object.fromEntries(names.map((name, i) => [name, spies[i]!.mock.calls.length]));
}

test("names of attributes are asked for once where an entry is looked at, and no value of none", async () => {
  using temp = tempDir();
  const [from, to] = [join(temp.path, "from"), join(temp.path, "to")];
  for (const dir of [from, to]) fs.mkdirSync(dir);
  for (let i = 0; i < fileCount; i++) fs.writeFileSync(join(from, `f${i}`), String(i));
  fs.symlinkSync("f1", join(from, "link"));
  const entryCount = fileCount + 2;
  for (const round of ["first copy", "nothing changed"]) {
    const { list, ...others } = await countCalls(`${from}/`, to);
    expect(others, round).toEqual({ get: 0, set: 0, remove: 0 });
    // The sender tells its directories by their digests, then its entries; the receiver compares.
    expect(list, round).toBeLessThanOrEqual(3 * entryCount + 4);
    expect(describeTree(to)).toEqual(describeTree(from));
    vi.restoreAllMocks();
  }
});

test("names that fill more than the usual room are listed all, and under a long name, too", () => {
  using temp = tempDir();
  const place = placeAtPath(join(temp.path, "n".repeat(255)));
  fs.writeFileSync(place.path(), "");
  const all = Array.from({ length: 40 }, (_, i) => `user.${"x".repeat(40)}${i}`);
  for (const name of all) calls!.set(place, name, Buffer.from("1"));
  expect([...calls!.list(place)].sort()).toEqual(all.sort());
  const acl = [
    { tag: "user-owner", permissions: 6 },
    { tag: "group-owner", permissions: 4 },
    { tag: "mask", permissions: 4 },
    { tag: "other", permissions: 0 },
  ] as const;
  calls!.set(place, aclNames.acl, formatAcl(acl));
  expect(calls!.list(place)).toContain(aclNames.acl);
});
