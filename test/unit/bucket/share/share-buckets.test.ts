import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Call } from "../../../../src/bucket/answer.ts";
import { nodeFetch } from "../../../../src/bucket/node-fetch.node.ts";
import { seededRandom } from "../../../../src/bucket/random.ts";
import { shareBuckets, type ShareBucketsOptions } from "../../../../src/bucket/share/share-buckets.node.ts";
import { Slots } from "../../../../src/bucket/sync/slots.ts";
import { memoryRegister } from "../../coordinator/memory-register.ts";
import type { Register } from "../../../../src/coordinator/register.ts";
import { printedSeed } from "../../../printed-seed.ts";
import { countOf, quick, usePair } from "../sync/pairs.ts";

const pair = usePair();
/** Nobody is taken for dead, however slow the machine is. */
const patient = { leaseMs: 3_600_000, lookMs: 10, deletes: true, maxDeletedCount: 100_000 };
let register: Register;
beforeEach(() => {
  register = memoryRegister();
});

/** Has a process take part, which has requests of its own. */
async function share(name: string, options: ShareBucketsOptions = {}, call = nodeFetch(), own = register) {
  const [source, destination] = [pair.source, pair.destination].map((stub) => ({
    bucket: pair.bucketOf(stub, { ...quick, fetch: call }),
    prefix: "",
  }));
  return shareBuckets(source!, destination!, join(pair.folder, name), own, {
    ...patient,
    slots: new Slots(4),
    ...options,
  });
}

function fill(count: number): void {
  for (let at = 0; at < count; at++) {
    const key = `dir${at % 5}/k${at}`;
    pair.source.put("b", key, `content ${at}`);
    if (at % 3 === 0) pair.destination.put("b", key, `content ${at}`);
    if (at % 7 === 0) pair.destination.put("b", `dir${at % 5}/old${at}`, "old");
  }
  pair.source.pageLength = pair.destination.pageLength = 40;
}

function copiedTwice(): number {
  const copies = pair.destination.requests.filter((request) => request.startsWith("PUT b/"));
  return copies.length - new Set(copies).size;
}

test("flaw 14: several hosts copy and delete each object once, and all know all", async () => {
  fill(150);
  const all = await Promise.all(["a", "b", "c", "d"].map(async (name) => share(name)));
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  expect(copiedTwice()).toBe(0);
  for (const summary of all)
    expect(summary).toMatchObject({ sourceObjects: 150, equal: 50, copied: 100, deleted: 22, failed: 0 });
  expect(all.filter(({ isResumed }) => !isResumed).length).toBe(1);
  pair.destination.requests.length = 0;
  expect(await share("a")).toMatchObject({ equal: 150, copied: 0, deleted: 0 });
  expect(countOf(pair.destination, /^(?:PUT|POST|HEAD)/)).toBe(0);
});

test("what fails anywhere is known everywhere, and then nothing is deleted", async () => {
  fill(60);
  pair.destination.fault = ({ method, key }, response) => {
    if (method !== "PUT" || key !== "dir1/k31") return false;
    response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    return true;
  };
  const all = await Promise.all(["a", "b", "c"].map(async (name) => share(name)));
  for (const summary of all) expect(summary).toMatchObject({ failed: 1, deleted: 0, sourceObjects: 60 });
  pair.destination.fault = undefined;
  expect(await share("a")).toMatchObject({ failed: 0, copied: 1, deleted: 9 });
});

test("an empty source, and more deletions than allowed, delete nothing, and all are told", async () => {
  fill(100);
  const refused = await Promise.allSettled(
    ["a", "b"].map(async (name) => share(name, { maxDeletedCount: 3 })),
  );
  for (const one of refused) expect(one).toMatchObject({ reason: { code: "LIMIT" } });
  pair.source.buckets.set("b", new Map());
  await expect(share("a")).rejects.toMatchObject({ code: "LIMIT" });
  expect(countOf(pair.destination, /delete/)).toBe(0);
});

test("who comes with other options is refused while work is left", async () => {
  fill(20);
  const stop = new AbortController();
  pair.source.fault = () => {
    stop.abort(new Error("stopped"));
    return false;
  };
  await expect(share("a", { signal: stop.signal })).rejects.toThrow("stopped");
  pair.source.fault = undefined;
  await expect(share("b", { compare: "size" })).rejects.toMatchObject({ code: "USAGE" });
  expect(await share("b")).toMatchObject({ isResumed: true, deleted: 3 });
});

test("however many are killed, the others do all of it, and next to nothing twice", async () => {
  const random = seededRandom(`${printedSeed()}`);
  const objectCount = 400;
  fill(objectCount);
  const lives = Array.from({ length: 8 }, () => ({ isDead: false }));
  const call = nodeFetch();
  const hang = async (): Promise<never> => new Promise(() => {});
  const mortal = (life: { isDead: boolean }): Call =>
    async function ask(...args) {
      if (life.isDead) return hang();
      const answer = await call(...args);
      return life.isDead ? hang() : answer;
    };
  const ofLife = (life: { isDead: boolean }): Register => ({
    read: async () => (life.isDead ? hang() : register.read()),
    async replace(text, version) {
      if (life.isDead) return hang();
      const isDone = await register.replace(text, version);
      return life.isDead ? hang() : isDone;
    },
    close: async () => {},
  });
  const ends = lives.map(async (life, at) => share(`${at}`, { leaseMs: 1500 }, mortal(life), ofLife(life)));
  for (const life of lives.slice(2)) {
    const target = pair.destination.requests.length + Math.floor(random() * 40);
    await expect.poll(() => pair.destination.requests.length).toBeGreaterThan(target);
    life.isDead = true;
  }
  const all = await Promise.all(ends.slice(0, 2));
  expect(pair.contentsOf(pair.destination)).toEqual(pair.contentsOf(pair.source));
  for (const summary of all) expect(summary).toMatchObject({ sourceObjects: objectCount, failed: 0 });
  console.log(`${copiedTwice()} of ${objectCount} copied twice`);
  // A machine that stands still for longer than a lease takes the living for dead, too.
  expect(copiedTwice()).toBeLessThanOrEqual(objectCount / 10);
});
