import fs from "node:fs";
import { expect, test } from "vitest";
import { createCutter } from "../../../../src/chunk/create-cutter.ts";
import { cafsSpec, fastcdcSpec } from "../../../../src/chunk/cutter-specs.ts";
import type { Cutter } from "../../../../src/chunk/cutter.ts";
import { coarseCutter } from "../../../../src/session/chunk-making.ts";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { cutBlock } from "../../../../src/tree/disk/calls/file-cut.node.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { xorshiftBytes } from "../../../vectors/input.ts";
import { tempDir } from "./disk-tree.ts";

/** A cutter that counts the bytes it is given to look at. */
function countingCutter(spec: Cutter["spec"]): { readonly cutter: Cutter; readonly seenBytes: () => number } {
  const inner = createCutter(spec);
  let seen = 0;
  const cut: Cutter["cut"] = (length, final) => {
    seen += length;
    return inner.cut(length, final);
  };
  return { cutter: { ...inner, cut }, seenBytes: () => seen };
}

const mib = 1 << 20;
const period = Buffer.concat(Array.from({ length: 8192 }, () => xorshiftBytes(48, 48)));

/** Content that gives a cutter the least to go by, or the most. */
const contents: Readonly<Record<string, (fd: number) => void>> = {
  "256 MiB of zeros": (fd) => fs.ftruncateSync(fd, 256 * mib),
  "a period as long as the window": (fd) => {
    for (let at = 0; at < 32 * mib; at += period.length) fs.writeSync(fd, period, 0, period.length, at);
  },
  "an end wherever there may be one": (fd) => {
    const bytes = Buffer.alloc(mib, Uint8Array.of(0x07, 0x2d));
    for (let i = 0; i < 32; i++) fs.writeSync(fd, bytes, 0, mib, i * mib);
  },
};

test.each(
  Object.entries(contents).flatMap(([what, write]) =>
    [cafsSpec, fastcdcSpec()].map((spec) => [what, spec, write] as const),
  ),
)("%s is looked at once, but for the chunks at the ends of blocks: %o", (_, spec, write) => {
  using temp = tempDir();
  const fd = fs.openSync(`${temp.path}/file`, "w+");
  write(fd);
  const { size } = fs.fstatSync(fd);
  const { cutter, seenBytes } = countingCutter(spec);
  let chunkCount = 0;
  for (let at = 0; at < size;) {
    const ends = cutBlock(fd, at, size, cutter);
    chunkCount += ends.length;
    at += ends.at(-1)!;
  }
  fs.closeSync(fd);
  expect(seenBytes()).toBeLessThan(size * (1 + spec.maxBytes / mib) + 2 * spec.maxBytes);
  expect(chunkCount).toBeLessThanOrEqual(size / spec.minBytes + 1);
});

test("a file of 256 MiB of zeros costs at most one chunk of content and its list, on the wire and on the disk", async () => {
  using temp = tempDir();
  fs.mkdirSync(`${temp.path}/from`);
  fs.closeSync(fs.openSync(`${temp.path}/from/zeros`, "w"));
  fs.truncateSync(`${temp.path}/from/zeros`, 256 * mib);
  const [left, right] = duplexPair();
  const source = await openTreeSource(`${temp.path}/from/`);
  const target = await openTreeTarget(`${temp.path}/to`);
  const { layout } = source;
  const [sent] = await Promise.all([sendTree(source, left, { layout }), receiveTree(target, right)]);
  await source.close();
  const { maxBytes } = coarseCutter;
  expect(sent.sentBytes).toBeLessThanOrEqual(maxBytes);
  expect(sent.wireSentBytes - sent.sentBytes).toBeLessThan((256 * mib * 40) / maxBytes);
  const { size, blocks } = fs.statSync(`${temp.path}/to/zeros`);
  expect(size).toBe(256 * mib);
  expect(blocks * 512).toBeLessThan(mib);
});
