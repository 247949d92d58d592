import fs from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSyncError, toSyncError } from "../../../src/errors.ts";
import { encodeEnd } from "../../../src/session/closing.ts";
import { decodeEntries, encodeEntries } from "../../../src/session/levels/entries/entry-codec.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { placeAtPath } from "../../../src/tree/disk/calls/fact-place.node.ts";
import { aclNames } from "../../../src/tree/disk/facts/acl-form.ts";
import { findXattrCalls } from "../../../src/tree/disk/facts/xattr-calls.node.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { Entry } from "../../../src/tree/entry/entry.ts";
import type { Facts } from "../../../src/tree/entry/facts.ts";
import type { Keep } from "../../../src/tree/plan/keep.ts";
import { PlayedPeer } from "../../interop/played-peer.ts";
import { notRoot, unless } from "../../obstacles.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const common = { size: 0, mode: 0o6777, mtimeSec: 5, mtimeNsec: 0 } as const;
const root: Entry = { ...common, depth: 0, name: Buffer.from("."), kind: "dir" };
const named = (name: string, more: Partial<Entry> = {}): Entry => ({
  ...common,
  depth: 1,
  name: Buffer.from(name),
  kind: "file",
  ...more,
});

const acl = [
  { tag: "user-owner", permissions: 7 },
  { tag: "user", permissions: 7, owner: { id: 1 } },
  { tag: "group-owner", permissions: 7 },
  { tag: "mask", permissions: 7 },
  { tag: "other", permissions: 7 },
] as const;
const xattr = (name: string) => ({ name, value: Buffer.from("100777 0,0 1:1") });
const facts: Facts = {
  user: { id: 70_001 },
  group: { id: 70_001, name: "root" },
  accessed: { sec: 7, nsec: 7 },
  xattrs: ["security.capability", "system.posix_acl_default", "trusted.a", "user.a", "user.rsync.%stat"].map(
    xattr,
  ),
  acl,
  defaultAcl: acl,
};

/** A played sender announces what takes no content. Returns how the receiver ended. */
async function receive(to: string, entries: readonly Entry[], keep: Keep) {
  const [left, right] = duplexPair();
  const peer = new PlayedPeer(channelOf(left));
  const troubles: string[] = [];
  const target = await openTreeTarget(to, { keep });
  const outcome = receiveTree(target, right, {
    helloMs: 0,
    stallMs: 0,
    onTrouble: ({ code, detail }) => troubles.push(`${code} ${detail.path}`),
  }).then(
    () => "ok",
    (thrown: unknown) => toSyncError(thrown).code,
  );
  await peer.sayHello("sender");
  await peer.say("ENTRIES", encodeEntries([root, ...entries].map((entry) => ({ entry, unasked: false }))));
  await peer.say("LISTED");
  const counts = { files: 0, chunks: 0, chunkBytes: 0, troubles: 0, untold: 0, sameEntries: 0 };
  await peer.say("END", encodeEnd({ entries: entries.length + 1, ...counts, transcript: peer.transcript }));
  return { outcome: await outcome, troubles };
}

const calls = findXattrCalls();
const { test: asRoot } = unless(notRoot ?? (calls ? undefined : "there are no extended attributes"));

/** What of a place could come from a peer. */
function factsAt(place: string) {
  const { uid, gid, mode, nlink } = fs.lstatSync(place);
  return { uid, gid, mode: mode & 0o7777, nlink, xattrs: calls!.list(placeAtPath(place)) };
}

asRoot("facts that nobody asked for are not set, whatever a sender tells", async () => {
  using temp = tempDir();
  const entries = [
    named("a", { facts, link: 0, kind: "fifo" }),
    named("b", { facts, link: 0, kind: "fifo" }),
    named("c", { facts, kind: "charDevice", rdev: { major: 1, minor: 3 } }),
    named("d", { facts, kind: "dir" }),
  ];
  const { troubles } = await receive(temp.path, entries, { specials: true });
  expect(troubles).toEqual(["SKIPPED c"]);
  expect(fs.readdirSync(temp.path)).toEqual(["a", "b", "d"]);
  for (const name of ["a", "b"])
    expect(factsAt(`${temp.path}/${name}`)).toEqual({ uid: 0, gid: 0, mode: 0o777, nlink: 1, xattrs: [] });
  expect(factsAt(`${temp.path}/d`)).toMatchObject({ uid: 0, gid: 0, mode: 0o777, xattrs: [] });
});

asRoot("attributes that are the system's, or rsync's own, are nobody's to give", async () => {
  using temp = tempDir();
  const told = { xattrs: facts.xattrs!.filter(({ name }) => name !== "security.capability") };
  for (const keep of [{ xattrs: true }, { xattrs: true, fakeSuper: "receiver" }] as const) {
    const to = `${temp.path}/${Object.keys(keep).length}`;
    fs.mkdirSync(to);
    expect((await receive(to, [named("a", { facts: told, kind: "dir" })], keep)).troubles).toEqual([]);
    expect(factsAt(`${to}/a`).xattrs.toSorted()).toEqual(["trusted.a", "user.a"]);
    expect(calls!.get(placeAtPath(`${to}/a`), aclNames.defaultAcl)).toBeUndefined();
  }
});

asRoot("names of one file are so only among files of this session, of one kind", async () => {
  using temp = tempDir();
  fs.writeFileSync(`${temp.path}/kept`, "kept");
  const entries = [
    named("a", { link: 2 ** 40, kind: "fifo" }),
    named("b", { link: 3, kind: "fifo" }),
    named("c", { link: 3, kind: "symlink", target: Buffer.from("kept") }),
    named("d", { link: 4, kind: "symlink", target: Buffer.from("kept") }),
    named("e", { link: 4, kind: "socket" }),
  ];
  const { outcome } = await receive(temp.path, entries, { hardLinks: true, specials: true });
  expect(outcome).toBe("ok");
  expect(fs.readdirSync(temp.path)).toEqual(["a", "b", "c", "d", "e", "kept"]);
  expect(fs.readFileSync(`${temp.path}/kept`, "utf8")).toBe("kept");
  for (const name of fs.readdirSync(temp.path)) expect(fs.lstatSync(`${temp.path}/${name}`).nlink).toBe(1);
});

asRoot("a fact that cannot be ends the session before anything is made", async () => {
  const wrong: readonly Facts[] = [
    { user: { id: 2 ** 32 - 1 } },
    { acl: acl.slice(1) },
    { xattrs: [xattr("user.b"), xattr("user.a")] },
    { accessed: { sec: 0, nsec: 1e9 } },
  ];
  for (const one of wrong) {
    using temp = tempDir();
    const keep = { owner: true, acls: true, xattrs: true, atimes: true };
    const { outcome } = await receive(temp.path, [named("a", { facts: one })], keep);
    expect(["BAD_MESSAGE", "LIMIT"]).toContain(outcome);
    expect(fs.readdirSync(temp.path)).toEqual([]);
  }
});

test("entries with facts that were changed on the way are read as legal ones, or refused", () => {
  const payload = encodeEntries(
    [
      named("a", { facts, link: 1 }),
      named("b", { facts, kind: "blockDevice", rdev: { major: 8, minor: 1 } }),
    ].map((entry) => ({ entry, unasked: false })),
  );
  const change = fc.record({ at: fc.nat(payload.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const changed = payload.slice();
      for (const { at, byte } of changes) changed[at] = byte;
      try {
        for (const { entry } of decodeEntries(changed))
          for (const { value } of entry.facts?.xattrs ?? [])
            expect(value.length).toBeLessThan(payload.length);
      } catch (thrown) {
        if (!isSyncError(thrown) || !["BAD_MESSAGE", "LIMIT", "UNSUPPORTED"].includes(thrown.code))
          throw thrown;
      }
    }),
    { numRuns: 2000 },
  );
});
