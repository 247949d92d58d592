import fs from "node:fs";
import { expect } from "vitest";
import type { AclEntry, Facts } from "../../../../src/tree/entry/facts.ts";
import { placeAtPath } from "../../../../src/tree/disk/calls/fact-place.node.ts";
import { aclNames, formatAcl } from "../../../../src/tree/disk/facts/acl-form.ts";
import { FactReader } from "../../../../src/tree/disk/facts/fact-reader.node.ts";
import { findXattrCalls } from "../../../../src/tree/disk/facts/xattr-calls.node.ts";
import { unless } from "../../../obstacles.ts";
import { tempDir } from "./disk-tree.ts";
import { statsOf } from "./sample-stats.ts";

const calls = findXattrCalls();
const { test } = unless(calls ? undefined : "the C library cannot be called, or is not that of Linux");

function listFor(id: number): readonly AclEntry[] {
  return [
    { tag: "user-owner", permissions: 6 },
    { tag: "user", permissions: 4, owner: { id } },
    { tag: "group-owner", permissions: 4 },
    { tag: "mask", permissions: 4 },
    { tag: "other", permissions: 0 },
  ];
}

test("entries that have the same are told by one object, lists and attributes as well", () => {
  using temp = tempDir();
  const reader = new FactReader({ owner: true, acls: true, xattrs: true });
  const read = (name: string, id: number): Facts | undefined => {
    const place = placeAtPath(`${temp.path}/${name}`);
    fs.mkdirSync(place.path());
    for (const each of Object.values(aclNames)) calls!.set(place, each, formatAcl(listFor(id)));
    calls!.set(place, "user.a", Buffer.from("1"));
    return reader.read(
      statsOf("dir"),
      () => place,
      (error) => expect.unreachable(error.message),
    );
  };
  const first = read("a", 70_001);
  expect(first).toMatchObject({ acl: listFor(70_001), defaultAcl: listFor(70_001) });
  expect(read("b", 70_001)).toBe(first);
  expect(read("c", 70_002)).toMatchObject({ acl: listFor(70_002), defaultAcl: listFor(70_002) });
});
