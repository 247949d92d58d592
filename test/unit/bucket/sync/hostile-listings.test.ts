import { expect, test } from "vitest";
import { Draw } from "../../../../src/bucket/draw.ts";
import { seededRandom } from "../../../../src/bucket/random.ts";
import { compareKeys } from "../../../../src/bucket/key-order.ts";
import { checkBuckets } from "../../../../src/bucket/check/check-buckets.node.ts";
import { usePair } from "./pairs.ts";

const pair = usePair();

const object = (key: string, size = "1"): string =>
  `<Contents><Key>${key}</Key><Size>${size}</Size></Contents>`;
const page = (inside: string): string => `<ListBucketResult>${inside}</ListBucketResult>`;

test.each([
  ["repeats a key", page(object("a") + object("a"))],
  ["has keys out of order", page(object("b") + object("a"))],
  ["has a size that is none", page(object("a", "many"))],
  ["has half a character", page(object("&#xd800;"))],
  ["has an object without a key", page("<Contents><Size>1</Size></Contents>")],
  ["has a size below nothing", page(object("a", "-1"))],
  ["leads on to itself", page(`${object("a")}<NextContinuationToken>x</NextContinuationToken>`)],
  ["says that there is more, and not where", page(`${object("a")}<IsTruncated>true</IsTruncated>`)],
  ["ends in the middle", `<ListBucketResult>${object("a")}`],
  [
    "is a bomb",
    `<!DOCTYPE x [<!ENTITY a "${"a".repeat(1000)}"><!ENTITY b "&a;&a;&a;&a;">]><ListBucketResult>&b;`,
  ],
  ["is something else", "<html>welcome</html>"],
])("a listing that %s ends the run, and nothing is deleted", async (_, xml) => {
  pair.destination.put("b", "old", "old");
  pair.source.put("b", "a", "a");
  pair.source.rewrite = () => xml;
  await expect(pair.sync({ deletes: true })).rejects.toMatchObject({ code: "UPSTREAM" });
  expect(pair.contentsOf(pair.destination)).toEqual({ old: "old" });
});

test("keys come over as they are, whatever is in them", async () => {
  const keys = [
    "a b+c&d",
    "%41",
    "ä/ö",
    "\u{1f600}",
    "\ue000",
    "x//y",
    "tab\there",
    "q?#[1]",
    "'\"<>",
    "/lead",
    "end/",
  ];
  for (const key of keys) pair.source.put("b", key, key.endsWith("/") ? "" : key);
  pair.source.pageLength = 3;
  expect(await pair.sync()).toMatchObject({ copied: keys.length, failed: 0 });
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  expect(await pair.sync({ deletes: true })).toMatchObject({ copied: 0, deleted: 0, equal: keys.length });
});

test("keys are in the order of their UTF-8", () => {
  const keys = ["a", "a/b", "a.b", "\uffff", "\u{10000}", "\u{1f600}", "ä", "", "\ud7ff"];
  const bytewise = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(keys.toSorted(compareKeys)).toEqual(bytewise);
});

test.each([1, 10, 100])("flaw 15: of 200 objects %i are drawn with the same chance each", (count) => {
  const [objectCount, listingCount] = [200, 10_000];
  const random = seededRandom(`draw ${count}`);
  const hits = Array.from({ length: objectCount }, () => 0);
  for (let i = 0; i < listingCount; i++) {
    const draw = new Draw<number>(count, random);
    for (let at = 0; at < objectCount; at++) draw.offer(() => at);
    expect(draw.drawn.length).toBe(count);
    for (const { item } of draw.drawn) hits[item]!++;
  }
  const expected = (listingCount * count) / objectCount;
  // Drawn without being put back, hits vary less than by a multinomial: by this factor.
  const factor = (objectCount - count) / (objectCount - 1);
  const chiSquare = hits.reduce((sum, hit) => sum + (hit - expected) ** 2 / expected, 0) / factor;
  // Wilson and Hilferty: the cube root is nearly normal. p between 0.001 and 0.999 is within 3.09.
  const degrees = objectCount - 1;
  const spread = 2 / (9 * degrees);
  const z = (Math.cbrt(chiSquare / degrees) - (1 - spread)) / Math.sqrt(spread);
  expect(Math.abs(z)).toBeLessThan(3.09);
});

test("a draw by weight has chances in proportion, and can be taken up again", () => {
  const random = seededRandom("weights");
  const hits = [0, 0, 0];
  for (let i = 0; i < 9000; i++) {
    const first = new Draw<number>(1, random);
    first.offer(() => 0, 1);
    const second = new Draw<number>(1, random, first.drawn);
    second.offer(() => 1, 2);
    second.offer(() => 2, 0);
    hits[second.drawn[0]!.item]!++;
  }
  expect(hits[2]).toBe(0);
  expect(hits[1]! / 9000).toBeGreaterThan(0.64);
  expect(hits[1]! / 9000).toBeLessThan(0.69);
});

test("flaw 15: a check finds what is damaged, missing or cut, draws the same by a seed, and says how sure it is", async () => {
  for (let i = 0; i < 60; i++) pair.source.put("b", `k${i}`, `content ${i}`);
  await pair.sync();
  const sides = [
    { bucket: pair.bucketOf(pair.source), prefix: "" },
    { bucket: pair.bucketOf(pair.destination), prefix: "" },
  ] as const;
  const sound = await checkBuckets(...sides, { sampleCount: 30, seed: "s" });
  expect(sound).toMatchObject({ listed: 60, checked: 30, different: 0, failed: 0 });
  expect(sound.mostDifferent).toBeCloseTo(1 - 0.05 ** (1 / 30));
  const objects = pair.destination.buckets.get("b")!;
  // Its ETag says nothing of the damage: the content has to be read.
  objects.set("k1", { ...objects.get("k1")!, bytes: Buffer.from("damaged!!") });
  objects.delete("k2");
  pair.destination.put("b", "k3", "cut");
  const troubles: string[] = [];
  const options = {
    sampleCount: 60,
    onTrouble: ({ code, detail }: { code: string; detail: { path?: string } }) =>
      troubles.push(`${detail.path} ${code}`),
  };
  expect(await checkBuckets(...sides, options)).toMatchObject({ checked: 60, different: 3, failed: 0 });
  expect(troubles.sort()).toEqual(["k1 DIFFERENT", "k2 DIFFERENT", "k3 DIFFERENT"]);
  pair.source.requests.length = 0;
  const drawn = await checkBuckets(...sides, { sampleCount: 60, statePath: pair.statePath });
  expect(drawn).toMatchObject({ checked: 60, different: 3 });
  expect(pair.source.requests.some((request) => request.includes("list-type"))).toBe(false);
});

test("flaw 15: objects have their turn one share after another, each once in a period", async () => {
  for (let i = 0; i < 60; i++) pair.source.put("b", `k${i}`, `content ${i}`);
  const sides = [
    { bucket: pair.bucketOf(pair.source), prefix: "" },
    { bucket: pair.bucketOf(pair.destination), prefix: "" },
  ] as const;
  const seen: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const found = await checkBuckets(...sides, {
      share: { count: 4, turn },
      onTrouble: ({ detail }) => seen.push(detail.path!),
    });
    expect(found).toMatchObject({ listed: 60, failed: 0, different: found.checked });
    expect(found.checked).toBeGreaterThan(0);
  }
  expect(seen.sort()).toEqual([...pair.source.buckets.get("b")!.keys()].sort());
});

test("a check that is ended, or whose listing fails, ends with that", async () => {
  for (let i = 0; i < 60; i++) pair.source.put("b", `k${i}`, "x");
  pair.source.pageLength = 10;
  const sides = [
    { bucket: pair.bucketOf(pair.source), prefix: "" },
    { bucket: pair.bucketOf(pair.destination), prefix: "" },
  ] as const;
  const stop = new AbortController();
  const options = { share: { count: 1, turn: 0 }, signal: stop.signal };
  pair.source.fault = ({ query }, response) => {
    if (!query.has("continuation-token")) return false;
    response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    return true;
  };
  await expect(checkBuckets(...sides, options)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  pair.source.fault = ({ method, key }) => {
    if (method === "HEAD" && key !== "") stop.abort(new Error("ended"));
    return false;
  };
  await expect(checkBuckets(...sides, options)).rejects.toThrow("ended");
});
