import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkLimits, checkObject } from "../../../src/bucket/check/check-object.node.ts";
import { dirBucket } from "../../../src/bucket/dir-bucket.node.ts";
import type { ObjectBucket } from "../../../src/bucket/object-bucket.ts";
import { seededRandom } from "../../../src/bucket/random.ts";
import { override } from "../../../src/bytes/override.ts";

const longBytes = 10 * 2 ** 30;

/** A bucket with one long object without content, and what is read of it. */
function longObject(folder: string, name: string, holds?: string) {
  const root = join(folder, name);
  mkdirSync(root);
  const path = join(root, "long");
  const fd = openSync(path, "w");
  ftruncateSync(fd, longBytes);
  if (holds !== undefined) for (let at = 0; at < longBytes; at += 2 ** 19) writeSync(fd, holds, at);
  closeSync(fd);
  utimesSync(path, 1000, 1000);
  const reads: number[] = [];
  const offsets: number[] = [];
  const inner = dirBucket(root);
  const bucket: ObjectBucket = override(inner, {
    async read(key, terms) {
      const found = await inner.read(key, terms);
      reads.push(found?.bytes.length ?? 0);
      offsets.push(terms?.range?.offset ?? 0);
      return found;
    },
  });
  return { bucket, prefix: "", reads, offsets };
}

test("of an object of 10 GiB some ranges are read, a little at a time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-long-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [source, same, other] = [
    longObject(folder, "source"),
    longObject(folder, "same"),
    longObject(folder, "other", "x"),
  ];
  const { signal } = new AbortController();
  const check = async (copy: typeof same) => checkObject(source, copy, "long", seededRandom("long"), signal);
  const { rangeBytes, rangeCount } = checkLimits;
  expect(await check(same)).toEqual({ type: "equal", readBytes: rangeBytes * rangeCount });
  for (const { reads } of [source, same]) expect(reads).toEqual(Array(rangeCount).fill(rangeBytes));
  expect(same.offsets).toEqual(source.offsets);
  // Anywhere: eight of them in one half, or at one place, are no draw that this seed gives.
  expect(new Set(same.offsets).size).toBe(rangeCount);
  expect(Math.min(...same.offsets)).toBeLessThan(longBytes / 2);
  expect(Math.max(...same.offsets)).toBeGreaterThan(longBytes / 2);
  expect(await check(other)).toEqual({ type: "different", reason: "the contents differ" });
  expect(other.reads).toEqual([rangeBytes]);
});

test("checksums that both sides keep decide, whatever is read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-told-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { signal } = new AbortController();
  const keeping = (name: string, crc64nvme: string) => {
    const { bucket: inner, reads } = longObject(folder, name);
    const bucket: ObjectBucket = override(inner, {
      async head(key: string) {
        const facts = await inner.head(key);
        return facts && { ...facts, etag: `${name}-2`, checksums: { crc64nvme } };
      },
    });
    return { bucket, prefix: "", reads };
  };
  const [source, same, other] = [
    keeping("source", "AAAAAAAAAAA="),
    keeping("same", "AAAAAAAAAAA="),
    keeping("other", "BBBBBBBBBBA="),
  ];
  const check = async (copy: typeof same) => checkObject(source, copy, "long", seededRandom("told"), signal);
  expect(await check(other)).toEqual({ type: "different", reason: "the checksums differ" });
  expect(other.reads).toEqual([]);
  expect(await check(same)).toMatchObject({ type: "equal" });
});
