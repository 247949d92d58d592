import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../../src/bytes/hex.ts";
import type { Chunk } from "../../../src/chunk/chunk.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { maxStoredChunkBytes } from "../../../src/store/chunk-file.node.ts";
import { moveAside } from "../../../src/store/dir-chunks.node.ts";
import { openLayout } from "../../../src/store/dir-layout.node.ts";
import { dirStore } from "../../../src/store/dir.node.ts";
import type { DirStore } from "../../../src/store/dir.node.ts";
import { seededBytes } from "../../../src/testing/random.ts";
import { asRoot, unless } from "../../obstacles.ts";

const chunk = chunkOf(seededBytes(1, 5000));
const other = chunkOf(seededBytes(2, 6000));

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dir-store-"));
  path = join(root, "store");
});
afterEach(() => rmSync(root, { recursive: true }));

const keyOf = ({ id }: Pick<Chunk, "id">) => toHex(id);
const fileOf = (chunk: Chunk) => join(path, "chunks", keyOf(chunk).slice(0, 2), keyOf(chunk));
const namesIn = (...parts: string[]) => readdirSync(join(path, ...parts));

async function damagedIn(store: DirStore, repair: boolean): Promise<string[]> {
  const damaged: string[] = [];
  for await (const checked of store.verify({ repair })) if (!checked.sound) damaged.push(keyOf(checked));
  return damaged.sort();
}

describe("a directory", () => {
  it("is made with its parents, for the owner alone, and found again", async () => {
    path = join(root, "a", "b");
    await (await dirStore(path)).put(chunk);
    expect((await (await dirStore(path)).get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(readFileSync(join(path, "format"), "utf8")).toBe("rsync-stream store 1\n");
  });

  it("is refused when it holds something else", async () => {
    mkdirSync(path);
    writeFileSync(join(path, "letter.txt"), "dear");
    await expect(dirStore(path)).rejects.toMatchObject({ code: "USAGE" });
    expect(namesIn()).toEqual(["letter.txt"]);
  });

  it("is refused when a newer version made it", async () => {
    mkdirSync(path);
    writeFileSync(join(path, "format"), "rsync-stream store 2\n");
    await expect(dirStore(path)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("is refused when it is a file", async () => {
    writeFileSync(path, "");
    await expect(dirStore(path)).rejects.toMatchObject({ code: "PATH", detail: { path } });
  });

  it("is opened by many at the same time", async () => {
    const stores = await Promise.all(Array.from({ length: 20 }, () => dirStore(path)));
    await Promise.all(stores.map((store) => store.put(chunk)));
    expect(namesIn().sort()).toEqual(["chunks", "damaged", "format", "tmp"]);
  });

  it("is cleaned of what dead writers left, and of nothing else", async () => {
    await dirStore(path);
    const gone = 2 ** 22 + 1; // above the largest process number of Linux
    const ages: Record<string, number> = {
      [`${hostname()}.${gone}.aa-0`]: 120,
      [`${hostname()}.${gone}.bb-0`]: 0,
      [`${hostname()}.${process.pid}.cc-0`]: 120,
      [`${hostname()}.${process.pid}.dd-0`]: 100_000,
      [`elsewhere.example.${gone}.ee-0`]: 120,
      [`elsewhere.example.${gone}.ff-0`]: 100_000,
    };
    for (const [name, ageSec] of Object.entries(ages)) {
      const file = join(path, "tmp", name);
      writeFileSync(file, "half a chu");
      utimesSync(file, Date.now() / 1000 - ageSec, Date.now() / 1000 - ageSec);
    }
    await dirStore(path);
    const left = namesIn("tmp").map((name) => name.slice(-4, -2));
    expect(left.sort()).toEqual(["bb", "cc", "ee"]);
  });
});

describe("put", () => {
  it("leaves the file under its final name and nothing else", async () => {
    await (await dirStore(path)).put(chunk);
    expect(readFileSync(fileOf(chunk))).toEqual(Buffer.from(chunk.bytes));
    expect(namesIn("tmp")).toEqual([]);
  });

  it("takes the largest chunk allowed and refuses a larger one", async () => {
    const store = await dirStore(path);
    const largest = chunkOf(new Uint8Array(maxStoredChunkBytes));
    await store.put(largest);
    expect((await store.get(largest.id)).bytes).toHaveLength(maxStoredChunkBytes);
    const tooLarge = chunkOf(new Uint8Array(maxStoredChunkBytes + 1));
    await expect(store.put(tooLarge)).rejects.toMatchObject({ code: "LIMIT" });

    mkdirSync(join(fileOf(tooLarge), ".."), { recursive: true });
    writeFileSync(fileOf(tooLarge), tooLarge.bytes);
    await expect(store.get(tooLarge.id), "nor does it read one").rejects.toMatchObject({ code: "CORRUPT" });
  });

  it("says NO_SPACE beyond its capacity, counting what was there when it was opened", async () => {
    await (await dirStore(path)).put(chunk);
    const store = await dirStore(path, { capacityBytes: 11_000 });
    await store.put(other);
    await expect(store.put(chunkOf(seededBytes(3, 1)))).rejects.toMatchObject({ code: "NO_SPACE" });
    await store.put(chunk);
    await store.delete(chunk.id);
    await store.put(chunkOf(seededBytes(4, 5000)));
  });

  it("gives the claimed room back when writing fails", async () => {
    const store = await dirStore(path, { capacityBytes: 5000 });
    rmSync(join(path, "tmp"), { recursive: true });
    await expect(store.put(chunk)).rejects.toThrow();
    mkdirSync(join(path, "tmp"));
    await store.put(chunk);
  });

  it("rejects each of many durable puts by itself", async () => {
    const store = await dirStore(path, { durable: true, capacityBytes: 5500 });
    const results = await Promise.allSettled([other, chunk, other].map((each) => store.put(each)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    await expect(store.put(other)).rejects.toMatchObject({ code: "NO_SPACE" });
    await store.close();
  });
});

/** Ways in which a stored chunk goes bad. The neighbour is another chunk's file. */
const rot: Record<string, (file: string, neighbour: string) => void> = {
  "a flipped bit": (file) => {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 0x10;
    writeFileSync(file, bytes);
  },
  "a lost end": (file) => truncateSync(file, 100),
  "nothing left": (file) => truncateSync(file, 0),
  "an end too many": (file) => writeFileSync(file, "x", { flag: "a" }),
  "zeros instead": (file) => writeFileSync(file, new Uint8Array(readFileSync(file).length)),
  "another chunk's bytes": (file, neighbour) => writeFileSync(file, readFileSync(neighbour)),
  "far too many bytes": (file) => truncateSync(file, maxStoredChunkBytes + 1),
};

describe.each(Object.entries(rot))("a chunk with %s", (_, spoil) => {
  let store: DirStore;
  beforeEach(async () => {
    store = await dirStore(path);
    await store.put(chunk);
    await store.put(other);
    spoil(fileOf(chunk), fileOf(other));
  });

  it("is CORRUPT for get, moved aside, and can be put again", async () => {
    await expect(store.get(chunk.id)).rejects.toMatchObject({
      code: "CORRUPT",
      detail: { path: fileOf(chunk) },
    });
    expect(namesIn("damaged")).toEqual([keyOf(chunk)]);
    expect(await store.has(chunk.id)).toBe(false);
    await store.put(chunk);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
  });

  it("is found by verify, and moved aside when that is asked for", async () => {
    expect(await damagedIn(store, false)).toEqual([keyOf(chunk)]);
    expect(namesIn("damaged")).toEqual([]);
    expect(await damagedIn(store, true)).toEqual([keyOf(chunk)]);
    expect(namesIn("damaged")).toEqual([keyOf(chunk)]);
    expect(await damagedIn(store, true)).toEqual([]);
    expect((await store.get(other.id)).bytes).toEqual(other.bytes);
  });
});

describe("what others put into the directory", () => {
  it("is not followed when it is a link", async () => {
    const store = await dirStore(path);
    await store.put(other);
    const outside = join(root, "outside");
    writeFileSync(outside, chunk.bytes);
    mkdirSync(join(fileOf(chunk), ".."), { recursive: true });
    symlinkSync(outside, fileOf(chunk));
    expect(await store.has(chunk.id)).toBe(false);
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "CORRUPT" });
    await store.put(chunk);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(existsSync(outside)).toBe(true);
  });

  it("is not waited for when it is a pipe", async () => {
    const store = await dirStore(path);
    mkdirSync(join(fileOf(chunk), ".."), { recursive: true });
    execFileSync("mkfifo", [fileOf(chunk)]);
    await expect(store.get(chunk.id)).rejects.toMatchObject({ code: "CORRUPT" });
    expect(namesIn("damaged")).toEqual([keyOf(chunk)]);
  });

  it("is ignored by list when it is no chunk", async () => {
    const store = await dirStore(path);
    await store.put(chunk);
    const shard = keyOf(chunk).slice(0, 2);
    for (const name of ["readme", "zz", "0", `${shard}/readme`, `${shard}/${"g".repeat(64)}`]) {
      writeFileSync(join(path, "chunks", name), "");
    }
    mkdirSync(join(path, "chunks", shard, shard + "0".repeat(62)));
    const ids: string[] = [];
    for await (const { id } of store.list()) ids.push(toHex(id));
    expect(ids).toEqual([keyOf(chunk)]);
  });

  it("is moved back when it was sound after all", async () => {
    const store = await dirStore(path);
    await store.put(chunk);
    moveAside(openLayout(path), chunk.id);
    expect((await store.get(chunk.id)).bytes).toEqual(chunk.bytes);
    expect(namesIn("damaged")).toEqual([]);
    moveAside(openLayout(path), other.id);
  });
});

it("verify finds every one of many damaged chunks, and restores them from a source", async () => {
  const store = await dirStore(path);
  const chunks = Array.from({ length: 1000 }, (_, seed) => chunkOf(seededBytes(seed, 200 + seed)));
  for (const each of chunks) await store.put(each);
  const spoiled = chunks.filter((_, index) => index % 37 === 0);
  spoiled.forEach((each, index) => Object.values(rot)[index % 6]!(fileOf(each), fileOf(chunks[1]!)));
  const source = new Map(chunks.map((each) => [keyOf(each), each]));

  let restoredCount = 0;
  for await (const { id, sound } of store.verify({ repair: true })) {
    if (sound) continue;
    await store.put(source.get(toHex(id))!);
    restoredCount++;
  }
  expect(restoredCount).toBe(spoiled.length);
  expect(await damagedIn(store, false)).toEqual([]);
});

it("gives the event loop its turn during a long row of calls", async () => {
  const store = await dirStore(path);
  await store.put(chunk);
  let hadItsTurn = false;
  setImmediate(() => (hadItsTurn = true));
  let callCount = 0;
  while (!hadItsTurn && callCount < 100_000) {
    await store.get(chunk.id);
    callCount++;
  }
  expect(hadItsTurn).toBe(true);
});

unless(asRoot).test("says IO when the directory may not be written to", async () => {
  const store = await dirStore(path);
  chmodSync(join(path, "tmp"), 0o500);
  await expect(store.put(chunk)).rejects.toMatchObject({ code: "IO" });
  chmodSync(join(path, "tmp"), 0o700);
});
