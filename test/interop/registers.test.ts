import { afterAll, expect } from "vitest";
import { bucketRegister } from "../../src/bucket/bucket-register.ts";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { s3Bucket } from "../../src/bucket/s3.ts";
import { redisRegister } from "../../src/coordinator/redis-register.node.ts";
import type { Register } from "../../src/coordinator/register.ts";
import { unless } from "../obstacles.ts";
import { noRedis, startRedis } from "../redis-server.ts";
import { noAtomicS3Server, s3Test, startS3Server } from "../s3-server.ts";

/** Registers at real servers: of all that replace the same version at once, one does. */

const raceCount = 40;
const racerCount = 8;
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function race(open: () => Promise<Register>): Promise<void> {
  const racers = await Promise.all(Array.from({ length: racerCount }, open));
  for (let at = 0; at < raceCount; at++) {
    const seen = await Promise.all(racers.map(async (register) => register.read()));
    expect(new Set(seen.map((revision) => revision?.text)).size).toBe(1);
    const version = seen[0]?.version ?? null;
    const won = await Promise.all(racers.map(async (racer, name) => racer.replace(`${at} ${name}`, version)));
    expect(won.filter(Boolean).length).toBe(1);
    expect((await racers[0]!.read())?.text).toBe(`${at} ${won.indexOf(true)}`);
  }
  await Promise.all(racers.map(async (register) => register.close()));
}

unless(noRedis).test("one of eight replaces a record in Redis", async () => {
  const { url, stop } = await startRedis();
  stops.push(stop);
  await race(async () => redisRegister(url, "races"));
});

unless(noRedis).test("a server of Redis that refuses, or is not there, is told as what it is", async () => {
  const { url, stop } = await startRedis("--requirepass", "secret-word");
  stops.push(stop);
  for (const place of [url, url.replace("//", "//:wrong-word@")]) {
    const register = redisRegister(place, "k");
    const failure = await register.read().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: "UNAUTHORIZED" });
    expect(String(failure)).not.toMatch(/-word/);
    await register.close();
  }
  const known = redisRegister(url.replace("//", "//:secret-word@"), "k");
  expect(await known.read()).toBeUndefined();
  await stop();
  await expect(known.read()).rejects.toMatchObject({ code: "PEER_GONE" });
  await known.close();
});

unless(noAtomicS3Server).test("one of eight replaces a record in a bucket", async () => {
  const { url, stop } = await startS3Server();
  stops.push(stop);
  const bucket = s3Bucket(url, "bucket", { credentials: s3Test, fetch: nodeFetch() });
  await bucket.create();
  await race(async () => bucketRegister(bucket, "jobs/record"));
});
