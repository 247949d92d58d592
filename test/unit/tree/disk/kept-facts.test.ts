import { expect, test } from "vitest";
import { KeptFacts } from "../../../../src/tree/disk/facts/kept-facts.node.ts";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import type { AclEntry, Facts, Owner } from "../../../../src/tree/entry/facts.ts";

const all = { owner: true, group: true, xattrs: true, acls: true, atimes: true } as const;

function fileWith(facts: Facts): Entry {
  const name = Uint8Array.of(0x66);
  return { depth: 1, name, kind: "file", size: 1, mode: 0o644, mtimeSec: 1, mtimeNsec: 0, facts };
}

/** What root has, told anew as by another frame. */
function rootsFacts(): Facts {
  const root = { id: 0, name: "root" };
  return {
    user: { ...root },
    group: { ...root },
    accessed: { sec: 1, nsec: 2 },
    xattrs: [{ name: "user.a", value: Uint8Array.of(1) }],
    acl: [{ tag: "user", permissions: 6, owner: { ...root } }],
    defaultAcl: [{ tag: "mask", permissions: 7 }],
  };
}

test("an entry of which all is kept as it is told stays the same object, frame after frame", () => {
  const kept = new KeptFacts({ ...all, fakeSuper: "receiver" });
  for (let frame = 0; frame < 3; frame++) {
    const entry = fileWith(rootsFacts());
    expect(kept.wanted(entry, undefined)).toBe(entry);
  }
});

test("one of which less is kept, or who is another here, becomes another", () => {
  const somebody = { id: 70_001, name: "somebody" };
  const toThem = (owner: Owner): AclEntry => ({ tag: "user", permissions: 6, owner });
  const { acl } = rootsFacts();
  const told = { ...rootsFacts(), user: somebody, acl: [...acl!, toThem(somebody)] };
  const mapped = new KeptFacts({ ...all, fakeSuper: "receiver", userMap: "somebody:70002" });
  expect(mapped.wanted(fileWith(told), undefined).facts).toEqual({
    ...told,
    user: { id: 70_002 },
    acl: [...acl!, toThem({ id: 70_002 })],
  });
  const { acls: _, ...less } = all;
  const { acl: __, defaultAcl: ___, ...rest } = rootsFacts();
  const kept = new KeptFacts({ ...less, fakeSuper: "receiver" });
  expect(kept.wanted(fileWith(rootsFacts()), undefined).facts).toEqual(rest);
});
