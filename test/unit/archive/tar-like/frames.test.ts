import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../../../src/archive/tar-like/frames.node.ts";
import { missing, unless } from "../../../obstacles.ts";

const mixed = Buffer.concat([randomBytes(100_000), Buffer.alloc(300_000, "abc"), randomBytes(1)]);
const contents = [Buffer.alloc(0), Buffer.from("x"), Buffer.alloc(65_536, "ab"), Buffer.alloc(65_537), mixed];
const lz4 = (args: readonly string[], input: Buffer): Buffer =>
  execFileSync("lz4", ["-q", "-c", ...args], { input, maxBuffer: 10_000_000 });

test("content comes back, in frames as tar-like writes them", async () => {
  for (const content of contents) {
    const frame = Buffer.from(await encodeFrame(content));
    expect(frame.subarray(0, 6).toString("hex")).toBe("04224d186840");
    expect(Number(frame.readBigUInt64LE(6))).toBe(content.length);
    expect(Buffer.from(await decodeFrame(frame, content.length)).equals(content)).toBe(true);
  }
});

unless(missing("lz4")).test("the program lz4 reads what is written, and what it writes is read", async () => {
  const forms = [
    ["-B4", "-BD", "--content-size", "--no-frame-crc"], // as tar-like does it
    ["-B7", "-BI"],
    ["-B4", "-BX", "-BD", "-9"],
  ];
  for (const content of contents) {
    expect(lz4(["-d"], Buffer.from(await encodeFrame(content))).equals(content)).toBe(true);
    for (const form of forms)
      expect(Buffer.from(await decodeFrame(lz4(form, content), content.length)).equals(content)).toBe(true);
  }
});

test("what says or holds more than it may is refused before memory is taken for it", async () => {
  const frame = Buffer.from(await encodeFrame(Buffer.alloc(1_000_000)));
  await expect(decodeFrame(frame, 999_999)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
  // A head that says less, and so many blocks that they come to more.
  const small = Buffer.from(await encodeFrame(Buffer.alloc(10)));
  const lying = Buffer.concat([small.subarray(0, 15), frame.subarray(15)]);
  await expect(decodeFrame(lying, 10)).rejects.toMatchObject({ code: "BAD_MESSAGE" });
});

test("damage ends in an error, wherever it is", async () => {
  const frame = Buffer.from(await encodeFrame(mixed));
  for (const cut of [0, 3, 6, 14, 15, 17, frame.length - 5, frame.length - 1])
    await expect(decodeFrame(frame.subarray(0, cut), mixed.length)).rejects.toMatchObject({
      code: "BAD_MESSAGE",
    });
  await expect(decodeFrame(Buffer.concat([frame, Buffer.of(0)]), mixed.length)).rejects.toThrow("behind it");
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(14), async (tail, kept) => {
      const found = decodeFrame(Buffer.concat([frame.subarray(0, kept), tail]), 1000).then(
        ({ length }) => length <= 1000,
        ({ code }: { code: string }) => code === "BAD_MESSAGE",
      );
      expect(await found).toBe(true);
    }),
    { numRuns: 200 },
  );
});
