import { BitReader, BitWriter } from "../../src/bytes/bits.ts";
import { ByteReader, ByteWriter } from "../../src/bytes/cursor.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { IdMap } from "../../src/bytes/id-map.ts";
import { encodeLength, LengthDecoder, maxCafsChunkBytes } from "../../src/bytes/varint.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { compare, type BenchRow } from "../row.ts";

const count = 10_000;
const ids = Array.from({ length: count }, (_, n) => sha256(Uint8Array.of(n, n >>> 8)));
const numbers = Array.from({ length: count }, (_, n) => (n * 7919) % maxCafsChunkBytes);

/** The small codecs, in items each second, beside the shortest way to write each. */
export function run(): Promise<BenchRow[]> {
  return inTurn([idMap, hex, uvarints, lengths, bits]);
}

async function inTurn(contests: readonly (() => Promise<BenchRow>)[]): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const contest of contests) rows.push(await contest());
  return rows;
}

const unit = "M items/s";
const perRun = count / 1e6;

function idMap(): Promise<BenchRow> {
  return compare({
    name: "IdMap, set and get",
    peer: "Map by hex",
    unit,
    perRun,
    naive: () => {
      const map = new Map<string, number>();
      ids.forEach((id, n) => map.set(toHex(id), n));
      return ids.reduce((sum, id) => sum + map.get(toHex(id))!, 0);
    },
    fast: () => {
      const map = new IdMap();
      ids.forEach((id, n) => map.set(id, n));
      return ids.reduce((sum, id) => sum + map.get(id)!, 0);
    },
  });
}

function hex(): Promise<BenchRow> {
  return compare({
    name: "toHex of an id",
    peer: "map and join",
    unit,
    perRun,
    naive: () => ids.map((id) => Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("")),
    fast: () => ids.map(toHex),
  });
}

function uvarints(): Promise<BenchRow> {
  const writer = new ByteWriter();
  for (const n of numbers) writer.uvarint(n);
  const bytes = writer.finish();
  return compare({
    name: "ByteReader.uvarint",
    peer: "with BigInt",
    unit,
    perRun,
    naive: () => naiveUvarints(bytes),
    fast: () => {
      const reader = new ByteReader(bytes);
      let sum = 0;
      while (reader.remaining > 0) sum += reader.uvarint();
      return sum;
    },
  });
}

function naiveUvarints(bytes: Uint8Array): bigint {
  let sum = 0n;
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    sum += value;
    value = 0n;
    shift = 0n;
  }
  return sum;
}

function lengths(): Promise<BenchRow> {
  const bytes = Uint8Array.from(numbers.flatMap((n) => [...encodeLength(n)]));
  return compare({
    name: "LengthDecoder",
    peer: "with BigInt",
    unit,
    perRun,
    naive: () => naiveUvarints(bytes) >> 1n,
    fast: () => {
      const decoder = new LengthDecoder();
      let sum = 0;
      for (const byte of bytes) sum += decoder.push(byte) ?? 0;
      return sum;
    },
  });
}

function bits(): Promise<BenchRow> {
  return compare({
    name: "bits, written and read",
    peer: "text of 0 and 1",
    unit,
    perRun,
    naive: () => {
      const text = numbers.map((n) => n % 2).join("");
      const bytes = text.match(/.{1,8}/g)!.map((eight) => Number.parseInt(eight.padEnd(8, "0"), 2));
      return bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
    },
    fast: () => {
      const writer = new BitWriter();
      for (const n of numbers) writer.push(n % 2 === 1);
      const reader = new BitReader(writer.finish());
      let ones = 0;
      for (let i = 0; i < count; i++) if (reader.next()) ones++;
      return ones;
    },
  });
}
