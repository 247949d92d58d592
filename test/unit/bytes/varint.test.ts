import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../../src/bytes/cursor.ts";
import { ExactReader } from "../../../src/bytes/exact-reader.ts";
import { fromHex, toHex } from "../../../src/bytes/hex.ts";
import { encodeLength, readLength, uvarintBytes } from "../../../src/bytes/varint.ts";
import type { SyncErrorCode } from "../../../src/errors.ts";
import { loadCases } from "../../vectors/load.ts";

type VarintCase =
  | { readonly type: "encode"; readonly value: string; readonly hex: string }
  | ({ readonly type: "read-length"; readonly hex: string } & (
      | { readonly result: "ok"; readonly value: number; readonly consumed: number }
      | { readonly result: "eof" | "illegal-length" | "varint-overflow" }
    ));

const codes: Record<string, SyncErrorCode> = {
  eof: "TRUNCATED",
  "illegal-length": "ILLEGAL_LENGTH",
  "varint-overflow": "VARINT_OVERFLOW",
};

const cases = loadCases<VarintCase>("cafs/varint.json");

async function* bytewise(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

describe("vectors", () => {
  test.each(cases.filter((c) => c.type === "encode"))("$value is $hex", ({ value, hex }) => {
    // The other numbers of the file do not exist in JavaScript, and no length comes near them.
    if (!Number.isSafeInteger(Number(value))) return expect(BigInt(value) ** 2n).toBeGreaterThan(2n ** 106n);
    expect(toHex(encodeLength(Number(value)))).toBe(hex);
  });

  test.each(cases.filter((c) => c.type === "read-length"))("$hex reads as $result", async (vector) => {
    const bytes = fromHex(vector.hex);
    const reader = new ExactReader(bytewise(bytes));
    if (vector.result === "ok") {
      expect(await readLength(reader)).toBe(vector.value);
      const rest = await reader.read(bytes.length - vector.consumed);
      expect(rest).toEqual(bytes.subarray(vector.consumed));
    } else if (bytes.length === 0) {
      expect(await readLength(reader)).toBeUndefined();
    } else {
      await expect(readLength(reader)).rejects.toMatchObject({ code: codes[vector.result] });
    }
  });
});

test("the size of a number is known without writing it", () => {
  for (let power = 0; power <= 52; power++) {
    for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
      const writer = new ByteWriter();
      writer.uvarint(value);
      expect(uvarintBytes(value)).toBe(writer.length);
    }
  }
});
