import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { fromHex } from "../../../src/bytes/hex.ts";
import { type CatarEvent, type CatarNode, catarLimits } from "../../../src/casync/catar-node.ts";
import { readCatar } from "../../../src/casync/catar-reader.ts";
import { CatarWriter } from "../../../src/casync/catar-writer.ts";
import { casyncTreeFeatures, desyncTreeFeatures } from "../../../src/casync/features.ts";
import { searchTree } from "../../../src/casync/goodbye.ts";
import { keepFeatures } from "../../../src/casync/keep-features.ts";
import { hashName } from "../../../src/casync/siphash.ts";
import { casyncInput, type CasyncInput } from "../../vectors/casync-input.ts";
import { casyncJson, casyncVector, collect, inBlocks } from "./vectors.ts";

async function readAll(bytes: Uint8Array, blockBytes?: number) {
  const { features, events } = await readCatar(inBlocks(bytes, blockBytes));
  return { features, events: await collect(events) };
}

function written(features: bigint, events: readonly CatarEvent[]): Uint8Array {
  const writer = new CatarWriter(features);
  const parts = events.map((event) =>
    event.type === "node" ? writer.enter(event.node) : event.type === "leave" ? writer.leave() : event.bytes,
  );
  const bytes = concatBytes(parts);
  expect(writer.offset).toBe(bytes.length);
  return bytes;
}

const archives = readdirSync(new URL("../../vectors/casync/catar", import.meta.url))
  .filter((name) => name.endsWith(".catar"))
  // casync itself does not take it back; and tables in another order.
  .filter((name) => name !== "owned-names-only.catar" && name !== "basic-by-desync-2018.catar");

test.each(archives)("%s is read and written again byte for byte", async (name) => {
  const bytes = casyncVector(`catar/${name}`);
  const { features, events } = await readAll(bytes, 1000);
  expect(written(features, events)).toEqual(bytes);
});

interface VectorEntry {
  readonly path?: string;
  readonly type: CatarNode["type"];
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
  readonly content?: CasyncInput;
  readonly target?: string;
  readonly pathHex?: string;
}

test("the archives of a tree are made from its entries, whatever they keep of it", async () => {
  const { trees } = casyncJson<{
    trees: {
      name: string;
      entries: VectorEntry[];
      archives: { name: string; featureFlags: string; catar: string }[];
    }[];
  }>("archives.json");
  const { entries, archives } = trees.find(({ name }) => name === "basic")!;
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const sorted = entries
    .map((entry) => ({ entry, bytes: entry.pathHex ? fromHex(entry.pathHex) : utf8(entry.path!) }))
    .map(({ entry, bytes }) => ({ entry, path: Buffer.from(bytes).toString("latin1") }))
    .map(({ entry, path }) => ({ entry, parts: path === "." ? [] : path.split("/") }))
    .sort((a, b) => (a.parts.join("\0") < b.parts.join("\0") ? -1 : 1));
  const compared = archives.filter(({ name }) => name !== "basic-by-desync-2018");
  expect(compared.length).toBeGreaterThan(4);
  for (const { featureFlags, catar } of compared) {
    const features = BigInt(featureFlags);
    const events: CatarEvent[] = [];
    let depth = 0;
    for (const { entry, parts } of sorted) {
      const content = entry.content ? casyncInput(entry.content) : new Uint8Array();
      const node = keepFeatures(
        {
          depth: parts.length,
          name: Buffer.from(parts.at(-1) ?? "", "latin1"),
          type: entry.type,
          mode: Number.parseInt(entry.mode, 8),
          flags: 0n,
          uid: entry.uid,
          gid: entry.gid,
          mtimeNs: BigInt(entry.mtimeNs),
          size: content.length,
          xattrs: [],
          ...(entry.target !== undefined && { target: utf8(entry.target) }),
        },
        features,
      );
      if (node === undefined) continue;
      for (; depth > node.depth; depth--) events.push({ type: "leave" });
      events.push({ type: "node", node }, { type: "content", bytes: content });
      if (node.type === "dir") depth = node.depth + 1;
    }
    for (; depth > 0; depth--) events.push({ type: "leave" });
    expect(Buffer.from(written(features, events)).equals(casyncVector(catar)), catar).toBe(true);
  }
});

describe("odd archives", () => {
  const { cases } = casyncJson<{ cases: { name: string; hex: string; casyncListExit: number | null }[] }>(
    "odd-archives.json",
  );
  test.each(cases)("$name", async ({ name, hex, casyncListExit }) => {
    const bytes = fromHex(hex);
    const read = readAll(bytes);
    // casync alone cannot own files by these numbers.
    if (casyncListExit === 0 || name === "uid-65535") {
      expect((await read).events.at(-1)).toEqual({ type: "leave" });
      return;
    }
    const codes = /^(BAD_MESSAGE|TRUNCATED|PATH|UNSUPPORTED|LIMIT)$/;
    await expect(read).rejects.toMatchObject({ code: expect.stringMatching(codes) as string });
    if (/^name-(dot|slash|empty|absolute|with-slash)/.test(name))
      await expect(readAll(bytes)).rejects.toMatchObject({ code: "PATH" });
  });
});

const basic = casyncVector("catar/basic-default.catar");

test("an archive that ends early is refused, wherever that is", async () => {
  for (let length = 0; length < basic.length; length += 3) {
    await expect(readAll(basic.subarray(0, length)), String(length)).rejects.toMatchObject({
      code: "TRUNCATED",
    });
  }
});

test("no changed byte makes the reader hang or throw anything but an error of ours", async () => {
  for (let at = 0; at < basic.length; at++) {
    const changed = basic.slice();
    changed[at]! ^= 0xff;
    const thrown: unknown = await readAll(changed).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (thrown !== undefined) expect(thrown).toHaveProperty("name", "SyncError");
  }
});

test("directories cannot be within each other without end", async () => {
  const writer = new CatarWriter(desyncTreeFeatures);
  const dir = (depth: number): CatarNode => ({
    depth,
    name: Uint8Array.of(0x64),
    type: "dir",
    mode: 0o755,
    flags: 0n,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    size: 0,
    xattrs: [],
  });
  const deepest = catarLimits.catarDepthCount;
  const parts = Array.from({ length: deepest }, (_, depth) => writer.enter(dir(depth)));
  expect(() => writer.enter(dir(deepest))).toThrow(expect.objectContaining({ code: "LIMIT" }));
  const one = parts.at(-1)!;
  await expect(readAll(concatBytes([...parts, one, one]))).rejects.toMatchObject({ code: "LIMIT" });
});

test("an entry with more attributes than may be is refused before they are all read", async () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const xattrs = Array.from({ length: catarLimits.catarMetadataCount + 1 }, (_, i) => ({
    name: utf8(`user.${String(i).padStart(6, "0")}`),
    value: utf8(""),
  }));
  const [one, more] = [xattrs.slice(1), xattrs].map((all) => {
    const node = { depth: 0, name: utf8(""), type: "dir", mode: 0o755, flags: 0n } as const;
    const root = { ...node, uid: 0, gid: 0, mtimeNs: 0n, size: 0, xattrs: all };
    const at = new CatarWriter(desyncTreeFeatures);
    return concatBytes([at.enter(root), at.leave()]);
  });
  expect((await readAll(one!)).events).toHaveLength(2);
  await expect(readAll(more!)).rejects.toMatchObject({ code: "LIMIT" });
});

const noAcl = { users: [], groups: [], defaultUsers: [], defaultGroups: [] };
const noMask = 2n ** 64n - 1n;
const someDefault = { user: 7n, group: 5n, other: 0n, mask: noMask };

test.each([
  ["an owner beyond the last number", { uid: 2 ** 32 }],
  ["a group that stands for none", { gid: 2 ** 32 - 1 }],
  [
    "a user of a list beyond the last number",
    { acl: { ...noAcl, users: [{ id: 2 ** 32, permissions: 7 }] } },
  ],
  [
    "a group of a list that stands for none",
    { acl: { ...noAcl, groups: [{ id: 2 ** 32 - 1, permissions: 7 }] } },
  ],
  [
    "a user of a list for what is made, beyond the last number",
    { acl: { ...noAcl, default: someDefault, defaultUsers: [{ id: 2 ** 33, permissions: 7 }] } },
  ],
  ["permissions of a list that are none", { acl: { ...noAcl, default: { ...someDefault, user: 8n } } }],
  ["a mask of a list that is none", { acl: { ...noAcl, default: { ...someDefault, mask: noMask - 1n } } }],
] satisfies readonly (readonly [string, Partial<CatarNode>])[])("%s is refused", async (_, lie) => {
  const plain = { depth: 0, name: new Uint8Array(), type: "dir", mode: 0o755, flags: 0n } as const;
  const root = { ...plain, uid: 1, gid: 1, mtimeNs: 0n, size: 0, xattrs: [] };
  const truth = { acl: { ...noAcl, users: [{ id: 2 ** 32 - 2, permissions: 7 }], default: someDefault } };
  const archiveOf = (more: Partial<CatarNode>) =>
    written(casyncTreeFeatures, [{ type: "node", node: { ...root, ...more } }, { type: "leave" }]);
  expect((await readAll(archiveOf(truth))).events).toHaveLength(2);
  await expect(readAll(archiveOf(lie))).rejects.toMatchObject({ code: "BAD_MESSAGE" });
});

interface Basics {
  readonly siphash: readonly { readonly name: string; readonly hash: string }[];
  readonly searchTree: readonly { readonly n: number; readonly order: readonly number[] }[];
}

test("names have the hashes that casync gives them", () => {
  for (const { name, hash } of casyncJson<Basics>("basics.json").siphash)
    expect(hashName(new TextEncoder().encode(name)), name).toBe(BigInt(hash));
});

test("tables are laid out as casync looks in them", () => {
  for (const { n, order } of casyncJson<Basics>("basics.json").searchTree)
    expect(searchTree(Array.from({ length: n }, (_, i) => i))).toEqual(order);
});
