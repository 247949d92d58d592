import { ExactReader } from "../../src/bytes/exact-reader.ts";
import { fromHex, toHex } from "../../src/bytes/hex.ts";
import { encodeLength, readLength } from "../../src/bytes/varint.ts";
import { type Case, codeOf, Mismatch, same, streamOf } from "./check.ts";

const codes: Record<string, string | undefined> = {
  "illegal-length": "ILLEGAL_LENGTH",
  "varint-overflow": "VARINT_OVERFLOW",
};

/** varint.json. */
export async function runVarint(vector: Case): Promise<void> {
  if (vector.type === "encode") return runEncode(vector);
  if (vector.type === "read-length") return runRead(vector);
  throw new Mismatch(`unknown type ${vector.type}`);
}

/**
 * Beyond 2^52 there is no encoder, as no length is that long; such bytes must be refused when read.
 */
async function runEncode({ value, hex }: Case): Promise<void> {
  if (Math.abs(Number(value)) <= 2 ** 52) return same("hex", hex, toHex(encodeLength(Number(value))));
  same("reading", "ILLEGAL_LENGTH", await codeOf(() => readLength(new ExactReader(streamOf(fromHex(hex))))));
}

async function runRead(vector: Case): Promise<void> {
  const bytes = fromHex(vector.hex);
  const reader = new ExactReader(streamOf(bytes));
  let value: number | undefined;
  const code = await codeOf(async () => (value = await readLength(reader)));
  if (vector.result === "ok") {
    same("result", undefined, code);
    same("value", vector.value, value);
    same("consumed", vector.consumed, bytes.length - (await reader.readUpTo(bytes.length)).length);
  } else if (vector.result === "eof") {
    same("result", bytes.length === 0 ? undefined : "TRUNCATED", code);
    same("value", undefined, value);
  } else {
    same("result", codes[vector.result] ?? `known, not ${vector.result}`, code);
  }
}
