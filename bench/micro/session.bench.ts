import { concatBytes } from "../../src/bytes/compare.ts";
import { sha256 } from "../../src/chunk/digest.ts";
import { decodeEntries, encodeEntries } from "../../src/session/levels/entries/entry-codec.ts";
import type { ListedEntry } from "../../src/session/levels/entries/entry-columns.ts";
import { FrameReader, FrameWriter, preamble } from "../../src/session/frame.ts";
import { compare, type BenchRow } from "../row.ts";

const entryCount = 4096;
const content = new Uint8Array(262_144).map((_, i) => i * 7 + (i >> 8));
const contentFrameCount = 16;
const answerCount = 1000;

/** The codecs of a session, beside lines of JSON. */
export async function run(): Promise<BenchRow[]> {
  return [await entries(), await contentFrames(), await controlFrames()];
}

function entries(): Promise<BenchRow> {
  const listed = Array.from({ length: entryCount }, (_, n) => entryOf(n));
  return compare({
    name: "entries, there and back",
    peer: "JSON lines",
    unit: "M entries/s",
    perRun: entryCount / 1e6,
    naive: () => decodeLines(encodeLines(listed)),
    fast: () => decodeEntries(encodeEntries(listed)),
  });
}

function entryOf(n: number): ListedEntry {
  const entry = {
    depth: 3,
    name: new TextEncoder().encode(`source-file-${n}.c`),
    kind: "file",
    size: (n * 7919) % 50_000,
    mode: 0o644,
    mtimeSec: 1_700_000_000 + (n % 100),
    mtimeNsec: (n * 104_729) % 1_000_000_000,
  } as const;
  return { entry, unasked: false };
}

function encodeLines(listed: readonly ListedEntry[]): Uint8Array {
  const lines = listed.map(({ entry, unasked }) => {
    return `${JSON.stringify({ ...entry, name: Buffer.from(entry.name).toString("latin1"), unasked })}\n`;
  });
  return new TextEncoder().encode(lines.join(""));
}

function decodeLines(bytes: Uint8Array): unknown[] {
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return lines.map((line) => {
    const { name, ...rest } = JSON.parse(line);
    return { ...rest, name: Buffer.from(name, "latin1") };
  });
}

/** Frames of content, whose payload the check leaves to the ids of its chunks. */
function contentFrames(): Promise<BenchRow> {
  return compare({
    name: "frames of 256 KiB, there and back",
    peer: "base64 in JSON lines",
    unit: "GB/s",
    perRun: ((contentFrameCount - 1) * content.length) / 1e9,
    naive: () => Array.from({ length: contentFrameCount - 1 }, () => throughLine(content)),
    fast: () => throughFrames("DATA", content, contentFrameCount),
  });
}

/** Frames as small as answers are: what counts is the cost of one frame. */
function controlFrames(): Promise<BenchRow> {
  const answer = content.subarray(0, 32);
  return compare({
    name: "frames of 32 bytes, there and back",
    peer: "JSON lines with a running digest",
    unit: "M frames/s",
    perRun: answerCount / 1e6,
    naive: () => throughCheckedLines(answer, answerCount),
    fast: () => throughFrames("WISH_CHUNKS", answer, answerCount),
  });
}

function throughLine(payload: Uint8Array): Uint8Array {
  const line = `${JSON.stringify({ type: "DATA", payload: Buffer.from(payload).toString("base64") })}\n`;
  const bytes = new TextEncoder().encode(line);
  return Buffer.from(JSON.parse(new TextDecoder().decode(bytes)).payload, "base64");
}

/**
 * Lines that are checked as frames are: each end digests each line together with the digest before.
 */
function throughCheckedLines(payload: Uint8Array, count: number): Uint8Array {
  let sent: Uint8Array = new Uint8Array(32);
  let received: Uint8Array = new Uint8Array(32);
  for (let n = 0; n < count; n++) {
    const line = throughLine(payload);
    sent = sha256(concatBytes([sent, line]));
    received = sha256(concatBytes([received, line]));
  }
  return received;
}

function throughFrames(type: "DATA" | "WISH_CHUNKS", payload: Uint8Array, count: number): number {
  const writer = new FrameWriter();
  const reader = new FrameReader();
  let readCount = 0;
  const pass = (block: Uint8Array): void => {
    for (const _ of reader.read(block)) readCount++;
  };
  pass(preamble);
  writer.write("HELLO", payload.subarray(0, 32), "none").forEach(pass); // the first frame has to be small
  for (let n = 1; n < count; n++) writer.write(type, payload, "none").forEach(pass);
  if (readCount !== count) throw new Error(`${readCount} frames of ${count}`);
  return readCount;
}
