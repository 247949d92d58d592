import { expect, test } from "vitest";
import { countOf, usePair } from "./pairs.ts";

const pair = usePair();

test("a bucket gets what another one has, and nothing the second time", async () => {
  for (let i = 0; i < 250; i++) pair.source.put("b", `k/${i}`, `content ${i}`, { "content-type": "text/x" });
  pair.source.put("b", "empty", "");
  pair.source.put("b", "folder/", "");
  pair.destination.put("b", "k/1", "old");
  pair.source.pageLength = pair.destination.pageLength = 100;
  const first = await pair.sync();
  expect(first).toMatchObject({ copied: 252, equal: 0, failed: 0, sourceObjects: 252 });
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  expect(pair.destination.buckets.get("b")!.get("k/1")!.headers).toEqual({ "content-type": "text/x" });
  pair.destination.requests.length = pair.source.requests.length = 0;
  const second = await pair.sync();
  expect(second).toMatchObject({ copied: 0, equal: 252, failed: 0 });
  expect([countOf(pair.source, /list-type/), countOf(pair.destination, /list-type/)]).toEqual([3, 3]);
  expect(pair.source.requests.length + pair.destination.requests.length).toBe(6);
});

test("a listing that ended goes on with the page at which it ended", async () => {
  for (let i = 0; i < 2000; i++) {
    const key = `k/${`${i}`.padStart(4, "0")}`;
    pair.source.put("b", key, `${i}`);
    pair.destination.put("b", key, `${i}`);
  }
  pair.source.pageLength = pair.destination.pageLength = 100;
  const end = new AbortController();
  let pages = 0;
  pair.source.fault = ({ query }) => {
    if (query.has("list-type") && (pages += 1) === 15) end.abort(new Error("enough"));
    return false;
  };
  await expect(pair.sync({ signal: end.signal })).rejects.toThrow("enough");
  pair.source.fault = undefined;
  pair.source.requests.length = 0;
  expect(await pair.sync()).toMatchObject({ equal: 2000, copied: 0, sourceObjects: 2000, isResumed: true });
  // Ranges that are listed at the same time each list the page again at which they ended.
  expect(countOf(pair.source, /list-type/)).toBeLessThan(15);
});
