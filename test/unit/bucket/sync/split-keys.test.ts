import { expect, test } from "vitest";
import { compareKeys } from "../../../../src/bucket/key-order.ts";
import type { ObjectBucket } from "../../../../src/bucket/object-bucket.ts";
import { splitKeys } from "../../../../src/bucket/sync/split-keys.ts";
import { countOf, usePair } from "../sync/pairs.ts";

const pair = usePair();
const never = new AbortController().signal;

function fill(prefix: string, keys: readonly string[]): { bucket: ObjectBucket; prefix: string } {
  for (const key of keys) pair.source.put("b", prefix + key, "");
  pair.source.put("b", "zzz/other", "");
  return { bucket: pair.bucketOf(pair.source), prefix };
}

const numbered = (count: number, name: (at: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, at) => name(at)).sort(compareKeys);

const shapes: Readonly<Record<string, readonly string[]>> = {
  numbers: numbered(900, (at) => `photo-${String(at).padStart(6, "0")}.jpg`),
  hex: numbered(900, (at) => (at * 2654435761).toString(16)),
  directories: numbered(900, (at) => `${["a", "b", "zebra"][at % 3]}/2026/${at}`),
  "one long directory": numbered(900, (at) => `${"deep/".repeat(30)}${at}`),
  "letters beyond ASCII": numbered(900, (at) => `фото/${String.fromCodePoint(0x430 + (at % 30))}${at}`),
  "beyond the first plane": numbered(900, (at) => `${String.fromCodePoint(0x1f600 + (at % 50))}${at}`),
};

test.each(Object.entries(shapes))("finds a key with objects at both sides of it: %s", async (_, keys) => {
  pair.source.pageLength = 50;
  const side = fill("p/", keys);
  const at = await splitKeys(side, {}, never);
  const before = keys.filter((key) => compareKeys(key, at!) <= 0).length;
  expect(before).toBeGreaterThanOrEqual(50);
  expect(before).toBeLessThan(900);
  // A search, and no listing.
  expect(countOf(pair.source, /list-type/)).toBeLessThan(60);
});

test("divides what is left of a range, where that is worth another listing", async () => {
  const keys = numbered(10, (at) => `k${at}`);
  const side = fill("", keys);
  expect(await splitKeys(side, {}, never)).toBeUndefined();
  pair.source.rewrite = (xml) => xml.replaceAll("<Size>0<", "<Size>10000000<");
  expect(await splitKeys(side, { after: "k1", upTo: "k8" }, never)).toBe("k4");
  expect(await splitKeys(side, { after: "k3", upTo: "k8" }, never)).toBeUndefined();
  expect(await splitKeys(side, { after: "k8", upTo: "k8" }, never)).toBeUndefined();
});
