import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { compressedCoding, plainCoding } from "../../../src/casync/chunk-coding.ts";
import { chunkPath, idOfPath } from "../../../src/casync/chunk-name.ts";
import { portableCompressor } from "../../../src/casync/compressor.ts";
import { nodeCompressor } from "../../../src/casync/compressor.node.ts";
import { encryptedCoding } from "../../../src/casync/encrypted-coding.node.ts";
import { expandedBound } from "../../../src/casync/zstd-frames.ts";
import { hchacha20 } from "../../../src/casync/hchacha20.ts";
import { sha512_256Digest } from "../../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../../src/chunk/verify.ts";
import { missing, unless } from "../../obstacles.ts";
import { casyncJson, casyncVector } from "./vectors.ts";

interface Store {
  readonly chunks: readonly { readonly id: string; readonly file: string; readonly size: number }[];
  readonly variants: readonly {
    readonly file: string;
    readonly casyncAccepts: boolean;
    readonly validZstdStream: boolean;
  }[];
}

const { chunks, variants } = casyncJson<Store>("store/store.json");
const inStore = (file: string) => casyncVector(`store/${file}`);
const ofChunk = (file: string) => inStore(file.startsWith("default.castr") ? file : `default.castr/${file}`);
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const codings = { node: compressedCoding(nodeCompressor), portable: compressedCoding(portableCompressor) };

describe.each(Object.entries(codings))("chunks by the compressor of %s", (_, coding) => {
  test("of casync are read", () => {
    for (const { id, file, size } of chunks) {
      const bytes = coding.decode(ofChunk(file), size);
      expect(bytes.length).toBe(size);
      expect(toHex(chunkOf(bytes, sha512_256Digest).id)).toBe(id);
    }
  });

  test.each([0, 1, 1000, 131_072, 131_073, 500_000])("of %i bytes come back", (size) => {
    const bytes = new Uint8Array(randomBytes(size));
    for (const other of Object.values(codings))
      expect(same(other.decode(coding.encode(bytes), size), bytes)).toBe(true);
  });

  test("that expand to more than they may are refused", () => {
    const long = Object.values(codings).map((each) => each.encode(new Uint8Array(1_000_000)));
    for (const stored of [...long, ofChunk(chunks[0]!.file)])
      expect(() => coding.decode(stored, chunks[0]!.size - 1)).toThrow(
        expect.objectContaining({ code: "CORRUPT" }),
      );
  });

  test("that are damaged are refused", () => {
    const stored = codings.node.encode(new Uint8Array(10_000).fill(7));
    for (const bad of [stored.subarray(0, 12), Uint8Array.of(), Uint8Array.of(1, 2, 3, 4, 5)])
      expect(() => coding.decode(bad, 10_000)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
  });
});

test.each(variants.filter(({ file }) => file.includes("zstd") || file.includes("gzip")))(
  "$file is read when a program could",
  ({ file, casyncAccepts, validZstdStream }) => {
    const read = () => codings.node.decode(inStore(file), 100_000);
    if (casyncAccepts || validZstdStream) expect(read().length).toBeGreaterThan(0);
    else expect(read).toThrow(expect.objectContaining({ code: "CORRUPT" }));
  },
);

const { test: testXz } = unless(missing("xz"));

testXz("a chunk that was compressed as xz is read, and no more of it than it may have", () => {
  const stored = inStore(variants.find(({ file }) => file.includes("xz"))!.file);
  const { length } = codings.node.decode(stored, 100_000);
  expect(length).toBeGreaterThan(0);
  expect(() => codings.node.decode(stored, length - 1)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

testXz("a chunk of xz that asks for more memory than any needs is not expanded", () => {
  // Its dictionary has 64 MiB, then 1 GiB.
  const asking64MiB =
    "fd377a585a0000016922de36020021011c00000010cf58cc01000b736f6d6520636f6e74656e7400" +
    "3f311f430001200ca2ddb4bc9042990d010000000001595a";
  const asking1GiB = asking64MiB.replace("1c00000010cf58cc", "240000005e1fc7f9");
  const expanded = (hex: string) => Buffer.from(codings.node.decode(fromHex(hex), 1000)).toString();
  expect(expanded(asking64MiB)).toBe("some content");
  expect(() => expanded(asking1GiB)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

const { test: testZstd } = unless(missing("zstd"));

testZstd("the program zstd reads what both compressors write", () => {
  const bytes = new Uint8Array(300_000).map((_, i) => i * i);
  for (const coding of Object.values(codings)) {
    const read = execFileSync("zstd", ["-dc"], { input: coding.encode(bytes) });
    expect(Buffer.compare(read, bytes)).toBe(0);
  }
});

describe.each(["xchacha20-poly1305", "aes-256-gcm"] as const)("chunks encrypted by %s", (cipher) => {
  const key = new Uint8Array(32).fill(3);
  const coding = encryptedCoding(plainCoding, cipher, key);

  test("come back, and never look the same twice", () => {
    const bytes = new Uint8Array(randomBytes(1000));
    expect(coding.decode(coding.encode(bytes), 1000)).toEqual(bytes);
    expect(coding.encode(bytes)).not.toEqual(coding.encode(bytes));
  });

  test("are refused when a bit changed, when they are short, and by another key", () => {
    const stored = coding.encode(new Uint8Array(100));
    for (const at of [0, 30, stored.length - 1]) {
      const changed = stored.slice();
      changed[at]! ^= 1;
      expect(() => coding.decode(changed, 100)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
    }
    expect(() => coding.decode(stored.subarray(0, 20), 100)).toThrow(
      expect.objectContaining({ code: "CORRUPT" }),
    );
    const other = encryptedCoding(plainCoding, cipher, new Uint8Array(32));
    expect(() => other.decode(stored, 100)).toThrow(expect.objectContaining({ code: "CORRUPT" }));
  });

  test("are told apart by a name for the key", () => {
    expect(encryptedCoding(codings.node, cipher, key).suffix).toMatch(
      new RegExp(`^\\.cacnk\\.${cipher}-[0-9a-f]{8}$`),
    );
    expect(() => encryptedCoding(plainCoding, cipher, new Uint8Array(16))).toThrow(
      expect.objectContaining({ code: "USAGE" }),
    );
  });
});

test("HChaCha20 gives the key of the draft that defines it", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  const nonce = fromHex("000000090000004a0000000031415927");
  expect(toHex(hchacha20(key, nonce))).toBe(
    "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc",
  );
});

test("chunks have the paths that casync gives them", () => {
  for (const { id, file } of chunks) {
    const path = chunkPath(fromHex(id), ".cacnk");
    expect(file.endsWith(path)).toBe(true);
    expect(toHex(idOfPath(path, ".cacnk")!)).toBe(id);
    expect(idOfPath(path, "")).toBeUndefined();
    expect(idOfPath(`0000/${path.slice(5)}`, ".cacnk")).toBeUndefined();
  }
});

describe("what frames of zstd may expand to", () => {
  test("is no less than what they do", () => {
    for (const { file, size } of chunks) expect(expandedBound(ofChunk(file))).toBeGreaterThanOrEqual(size);
    for (const size of [0, 1, 131_072, 131_073, 500_000]) {
      const frame = nodeCompressor.compress(randomBytes(size));
      expect(expandedBound(frame)).toBeGreaterThanOrEqual(size);
      expect(expandedBound(frame)).toBeLessThanOrEqual(size + 131_072);
    }
    const skippable = Buffer.concat([Buffer.from("5a2a4d1803000000", "hex"), Buffer.from("abc")]);
    expect(expandedBound(Buffer.concat([skippable, portableCompressor.compress(randomBytes(9))]))).toBe(9);
  });

  test("is unknown of what is cut off anywhere, or no frame", () => {
    const frame = nodeCompressor.compress(Buffer.from("some words ".repeat(100)));
    for (let end = 1; end < frame.length; end++)
      expect(expandedBound(frame.subarray(0, end))).toBe(undefined);
    expect(expandedBound(Buffer.concat([frame, Buffer.alloc(1)]))).toBe(undefined);
    expect(expandedBound(Buffer.from("1f8b08000000000000000000", "hex"))).toBe(undefined);
  });
});
