import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/bytes/compare.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { createCafsStorage } from "../../../src/store/cafs-storage.ts";
import type { CafsStorage } from "../../../src/store/cafs-storage.ts";
import type { CafsFile } from "../../../src/store/cafs-file.ts";
import { xorshiftBytes } from "../../vectors/input.ts";
import { loadCases } from "../../vectors/load.ts";
import { StorageScript } from "./storage-script.ts";
import type { StorageStep } from "./storage-script.ts";

interface Case {
  readonly name: string;
  readonly capacity: number;
  readonly steps: readonly StorageStep[];
}

function storeFile(storage: CafsStorage, bytes: Uint8Array): CafsFile {
  const temporary = storage.create();
  temporary.write(bytes);
  temporary.close();
  const file = temporary.file();
  temporary.dispose();
  return file;
}

describe("storage vectors", () => {
  it.each(loadCases<Case>("cafs/storage.json"))("$name", ({ capacity, steps }) => {
    const script = new StorageScript(createCafsStorage({ capacityBytes: capacity }));
    for (const [index, step] of steps.entries()) {
      expect(script.run(step), `step ${index}: ${step.op}`).toEqual(step);
    }
  });
});

describe("files", () => {
  const content = xorshiftBytes(1007, 60_000);

  it("names the chunks in order, each a file of its own", () => {
    const file = storeFile(createCafsStorage({ capacityBytes: 1e6 }), content);
    const chunks = [...file.chunks()];
    expect(chunks).toHaveLength(file.chunkCount);
    const parts = chunks.map(({ id, size, file }) => {
      const part = file();
      const bytes = concatBytes([...part.read()]);
      expect(bytes).toHaveLength(size);
      expect(part.key).toEqual(id);
      expect(chunkOf(bytes).id).toEqual(id);
      return bytes;
    });
    expect(concatBytes(parts)).toEqual(content);
  });

  it("gives a file that is not chunked as its own chunk", () => {
    const file = storeFile(createCafsStorage({ capacityBytes: 1e6 }), content.subarray(0, 100));
    expect([...file.chunks()].map(({ id }) => toHex(id))).toEqual([toHex(file.key)]);
    expect(file.chunkCount).toBe(1);
  });

  it("does not depend on how the content is split", () => {
    const storage = createCafsStorage({ capacityBytes: 1e6 });
    const whole = storeFile(storage, content);
    const temporary = storage.create();
    const block = new Uint8Array(7);
    for (let at = 0; at < content.length; at += block.length) {
      const part = content.subarray(at, at + block.length);
      block.set(part);
      temporary.write(block.subarray(0, part.length));
    }
    temporary.close();
    expect(temporary.file().key).toEqual(whole.key);
    expect([...temporary.file().chunks()].map(({ id }) => id)).toEqual(
      [...whole.chunks()].map(({ id }) => id),
    );
  });

  it("stays held while it is read, until the end or until the reader leaves", () => {
    const storage = createCafsStorage({ capacityBytes: 1e6 });
    for (const leave of [(blocks: Iterator<Uint8Array>) => blocks.return?.(), drain]) {
      const file = storeFile(storage, content);
      const blocks = file.read();
      file.dispose();
      expect(storage.freeCache()).toBe(0);
      leave(blocks);
      leave(blocks);
      expect(storage.freeCache()).toBeGreaterThan(60_000);
    }
  });

  it("refuses everything but its name after it was disposed", () => {
    const file = storeFile(createCafsStorage({ capacityBytes: 1e6 }), content);
    file.dispose();
    const refused = expect.objectContaining({ code: "STATE", message: "Already disposed" });
    for (const use of [
      () => file.isChunked,
      () => file.chunkCount,
      () => file.chunks(),
      () => file.read(),
      () => file.duplicate(),
    ]) {
      expect(use).toThrow(refused);
    }
    expect(file.size).toBe(60_000);
  });
});

describe("storage", () => {
  it("refuses to delete what is held, by a handle or by a file", () => {
    const storage = createCafsStorage({ capacityBytes: 1e6 });
    const file = storeFile(storage, xorshiftBytes(1007, 60_000));
    const [chunk] = file.chunks();
    expect(() => storage.delete(file.key)).toThrow(expect.objectContaining({ code: "LOCKED" }));
    expect(() => storage.delete(chunk!.id)).toThrow(expect.objectContaining({ code: "LOCKED" }));
    file.dispose();
    storage.delete(file.key);
    storage.delete(chunk!.id);
    expect(storage.has(chunk!.id)).toBe(false);
    expect(storage.lockedBytes).toBe(0);
  });

  it("refuses keys that are no keys and capacities that are no numbers", () => {
    const storage = createCafsStorage({ capacityBytes: 10 });
    expect(() => storage.get(fromHex("00"))).toThrow(expect.objectContaining({ code: "USAGE" }));
    expect(() => createCafsStorage({ capacityBytes: Number.NaN })).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });
});

function drain(blocks: Iterator<Uint8Array>): void {
  while (!blocks.next().done);
}
