import fc from "fast-check";
import { expect, test } from "vitest";
import { BitReader, BitWriter } from "../../src/bytes/bits.ts";
import { concatBytes } from "../../src/bytes/compare.ts";
import { ByteReader, ByteWriter } from "../../src/bytes/cursor.ts";
import { ExactReader } from "../../src/bytes/exact-reader.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { IdMap } from "../../src/bytes/id-map.ts";
import { IdSet } from "../../src/bytes/id-set.ts";
import { encodeLength, maxCafsChunkBytes, readLength, uvarintBytes } from "../../src/bytes/varint.ts";

const anySafeNumber = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));

const anyField = fc.oneof(
  fc.record({ kind: fc.constantFrom("u8" as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constantFrom("u24" as const), value: fc.nat(0xffffff) }),
  fc.record({ kind: fc.constantFrom("u32" as const), value: fc.nat(0xffffffff) }),
  fc.record({ kind: fc.constantFrom("uvarint" as const), value: anySafeNumber }),
);

test("what is written is read back, and no truncation of it is accepted", () => {
  fc.assert(
    fc.property(fc.array(anyField), fc.uint8Array(), (fields, tail) => {
      const writer = new ByteWriter();
      for (const { kind, value } of fields) writer[kind](value);
      writer.bytes(tail);
      const message = writer.finish();
      const readAll = (bytes: Uint8Array): unknown => {
        const reader = new ByteReader(bytes);
        const values = fields.map(({ kind }) => reader[kind]());
        const rest = reader.bytes(tail.length);
        reader.end();
        return [values, rest];
      };
      expect(readAll(message)).toEqual([fields.map(({ value }) => value), tail]);
      for (let length = 0; length < message.length; length++) {
        expect(() => readAll(message.subarray(0, length))).toThrow(
          expect.objectContaining({ code: "BAD_MESSAGE" }),
        );
      }
    }),
  );
});

test("a number has one form: whatever is accepted is written the same way", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 9 }), (bytes) => {
      const reader = new ByteReader(bytes);
      let value: number;
      try {
        value = reader.uvarint();
      } catch {
        return;
      }
      const writer = new ByteWriter();
      writer.uvarint(value);
      expect(writer.finish()).toEqual(bytes.subarray(0, bytes.length - reader.remaining));
      expect(uvarintBytes(value)).toBe(writer.length);
    }),
  );
});

test("hex comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
});

test("bits come back", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 2000 }), (bits) => {
      const writer = new BitWriter();
      for (const bit of bits) writer.push(bit);
      const packed = writer.finish();
      expect(packed.length).toBe(Math.ceil(bits.length / 8));
      const reader = new BitReader(packed);
      expect(bits.map(() => reader.next())).toEqual(bits);
      for (let i = bits.length; i < 8 * packed.length; i++) expect(reader.next()).toBe(false);
    }),
  );
});

/** A stream of these bytes, cut at will; a cut at the same place twice gives an empty block. */
async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of cuts.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

test("lengths come back from a stream, wherever it is cut", async () => {
  const anyLengths = fc.array(fc.nat(maxCafsChunkBytes), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(anyLengths, fc.array(fc.nat()), async (lengths, cuts) => {
      const reader = new ExactReader(cutAt(concatBytes(lengths.map(encodeLength)), cuts));
      for (const length of lengths) expect(await readLength(reader)).toBe(length);
      expect(await readLength(reader)).toBeUndefined();
    }),
  );
});

test("exact reads give the bytes of the stream, wherever it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat()),
      fc.array(fc.nat(50)),
      async (bytes, cuts, reads) => {
        const reader = new ExactReader(cutAt(bytes, cuts));
        let at = 0;
        for (const count of reads) {
          if (at + count > bytes.length) break;
          expect(await reader.read(count)).toEqual(bytes.subarray(at, (at += count)));
        }
        await expect(reader.read(bytes.length - at + 1)).rejects.toMatchObject({ code: "TRUNCATED" });
      },
    ),
  );
});

test("an id map does what a Map does", () => {
  const anyId = fc.nat(60).map((n) => new Uint8Array(32).fill(n % 7, 0, 4).fill(n, 4));
  const anyStep = fc.oneof(
    fc.record({ do: fc.constant("set" as const), id: anyId, value: anySafeNumber }),
    fc.record({ do: fc.constant("delete" as const), id: anyId }),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const map = new IdMap();
      const model = new Map<string, number>();
      for (const step of steps) {
        const key = toHex(step.id);
        if (step.do === "set") {
          map.set(step.id, step.value);
          model.set(key, step.value);
        } else {
          map.delete(step.id);
          model.delete(key);
        }
      }
      expect(map.size).toBe(model.size);
      for (let n = 0; n <= 60; n++) {
        const id = new Uint8Array(32).fill(n % 7, 0, 4).fill(n, 4);
        expect(map.get(id)).toBe(model.get(toHex(id)));
      }
    }),
  );
});

test("an id set does what a Set does", () => {
  const anyId = fc.nat(60).map((n) => new Uint8Array(32).fill(n % 7, 0, 4).fill(n, 4));
  fc.assert(
    fc.property(fc.array(anyId, { maxLength: 300 }), (ids) => {
      const [set, model] = [new IdSet(), new Set<string>()];
      for (const id of ids) {
        expect(set.add(id)).toBe(!model.has(toHex(id)));
        model.add(toHex(id));
      }
      expect(set.size).toBe(model.size);
      for (let n = 0; n <= 60; n++) {
        const id = new Uint8Array(32).fill(n % 7, 0, 4).fill(n, 4);
        expect(set.has(id)).toBe(model.has(toHex(id)));
      }
    }),
  );
});
