import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { decodeByteText } from "../../../src/bytes/byte-text.ts";
import { override } from "../../../src/bytes/override.ts";
import { encodeChanges, hearChanges } from "../../../src/session/change-codec.ts";
import { sessionLimits } from "../../../src/session/limits.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { type SendOptions, sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import { changedFacts, type TreeChange } from "../../../src/tree/entry/entry.ts";
import type { TreeTarget } from "../../../src/tree/target.ts";
import type { Bytes } from "../../../src/types.ts";

const path = fc
  .array(fc.oneof(fc.string({ unit: "grapheme", maxLength: 20 }), fc.uint8Array({ maxLength: 4 })))
  .map((parts) => decodeByteText(Buffer.concat(parts.map((part) => Buffer.from(part as Bytes)))));

const change = fc
  .record({
    change: fc.constantFrom("new", "changed", "touched", "deleted"),
    path,
    kind: fc.constantFrom("file", "dir", "symlink", "other"),
    size: fc.maxSafeNat(),
    differs: fc.subarray([...changedFacts]),
  })
  .chain((plain) => {
    const text = fc.string({ unit: "grapheme", maxLength: 300 });
    return fc.oneof(
      fc.constant(plain),
      text.map((holds) => ({ ...plain, holds })),
      text.map((linkedTo) => ({ ...plain, linkedTo })),
    );
  }) as fc.Arbitrary<TreeChange>;

function decoded(payloads: Iterable<Bytes>): TreeChange[] {
  const heard: TreeChange[] = [];
  for (const payload of payloads) hearChanges(payload, (each) => heard.push(each));
  return heard;
}

test("any changes come through, and no frame of them is long", () => {
  fc.assert(
    fc.property(fc.array(change), fc.integer({ min: 1, max: 50 }), (some, times) => {
      const told = Array.from({ length: times }, () => some).flat();
      const payloads = [...encodeChanges(told)];
      expect(decoded(payloads)).toEqual(told);
      const longest = sessionLimits.changesFrameBytes + 2 * sessionLimits.toldPathBytes + 32;
      for (const { length } of payloads) expect(length).toBeLessThan(longest);
    }),
  );
});

test("a path that is too long is told as far as it may be", () => {
  const long = { change: "new", path: "x".repeat(20_000), kind: "file", size: 1, differs: [] } as const;
  expect(decoded(encodeChanges([long]))).toEqual([
    { ...long, path: "x".repeat(sessionLimits.toldPathBytes) },
  ]);
});

test("what is cut off, or of no kind, is refused", () => {
  const [payload] = [
    ...encodeChanges([{ change: "new", path: "some", kind: "dir", size: 300, differs: ["time", "mode"] }]),
  ];
  for (let length = 1; length < payload!.length; length++) {
    expect(() => hearChanges(payload!.subarray(0, length), () => {})).toThrow(
      expect.objectContaining({ code: "BAD_MESSAGE" }),
    );
  }
  for (const wrong of [Uint8Array.of(0x80, 0, 0, 0), Uint8Array.of(0, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0)])
    expect(() => hearChanges(wrong, () => {})).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
});

test("what nobody asked for is refused", () => {
  expect(() => hearChanges(new Uint8Array(0), undefined)).toThrow(
    expect.objectContaining({ code: "UNSOLICITED" }),
  );
});

/** Sends a tree to a target. */
async function run(target: TreeTarget, options: SendOptions) {
  const [here, there] = duplexPair();
  const files = Array.from({ length: 500 }, (_, i) => [`file ${i}`, memoryFile(String(i))]);
  const source = memorySource(
    memoryDir(Object.fromEntries(files) as Record<string, ReturnType<typeof memoryFile>>),
  );
  const [sent] = await Promise.all([
    sendTree(source, there, { layout: "contents", ...options }),
    receiveTree(target, here),
  ]);
  return sent;
}

test("a sender that asks hears all that the target tells, and before it is done", async () => {
  const place = mkdtempSync(join(tmpdir(), "rsync-stream-changes-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(join(place, "old"));
  writeFileSync(join(place, "old", "file"), "x");
  utimesSync(place, 1000, 1000);
  const [here, heard]: [TreeChange[], TreeChange[]] = [[], []];
  const onChange = (each: TreeChange): void => void here.push(each);
  const { deleted } = await run(await openTreeTarget(place, { maxDeletedCount: 9, onChange }), {
    onChange: (each) => void heard.push(each),
  });
  expect(here).toHaveLength(503);
  expect(here[0]).toMatchObject({ change: "touched", path: ".", kind: "dir" });
  expect(heard).toEqual(here);
  expect(deleted).toBe(2);
});

test("one that does not ask hears nothing, and one that cannot be told goes on", async () => {
  let opened: object | undefined;
  const place = memoryDir();
  const target = memoryTarget(place);
  const spied = override(target, {
    async open(options: Parameters<TreeTarget["open"]>[0]) {
      opened = options;
      await target.open(options);
    },
  });
  await run(spied, {});
  expect(opened).not.toHaveProperty("onChange");
  await run(memoryTarget(place), { onChange: () => expect.unreachable() });
  expect(place.children.size).toBe(500);
});
