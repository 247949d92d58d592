import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { nodeFetch } from "../../src/bucket/node-fetch.node.ts";
import { seededRandom } from "../../src/bucket/random.ts";
import { s3Bucket } from "../../src/bucket/s3.ts";
import { builtCli } from "../built.ts";
import { type Obstacle, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { noRedis, startRedis } from "../redis-server.ts";
import { noAtomicS3Server, s3Test, startS3Server } from "../s3-server.ts";
import { noise } from "../cli/trees.ts";
import { requestFaults } from "./request-faults.ts";
import { usePair } from "../unit/bucket/sync/pairs.ts";

/**
 * Processes share one synchronisation by Redis, or by an object that is replaced on terms, and are
 * killed at random moments, while requests fail: what those that live leave must be right, and next
 * to nothing of it copied twice.
 */

const pair = usePair();
const isShort: Obstacle =
  process.env["FAULT_POINTS"] !== "all" ? "the short form is in one process" : undefined;
const roundCount = Number(process.env["FAULT_ROUNDS"] ?? 100);
const workerCount = 8;
const killCount = 6;
const objectCount = 2000;
const leaseSeconds = 2;
/** Objects that are copied in parts, and what they hold. */
const longCount = 4;
const longContent = isShort === undefined ? noise(17_000_000, "long") : Buffer.alloc(0);
const cli = builtCli();

/** Starts who keeps the record. @returns the coordinator as the command line has it */
type OpenCoordinator = () => Promise<string>;

const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function openRedis(): Promise<string> {
  const { url, stop } = await startRedis();
  stops.push(stop);
  return url;
}

async function openBucket(): Promise<string> {
  const { url, stop } = await startS3Server();
  stops.push(stop);
  await s3Bucket(url, "jobs", { credentials: s3Test, fetch: nodeFetch() }).create();
  return `s3+${url}/jobs/kills`;
}

const coordinators: readonly (readonly [string, Obstacle, OpenCoordinator])[] = [
  ["Redis", noRedis, openRedis],
  ["a bucket", noAtomicS3Server, openBucket],
];

interface Worker {
  readonly child: ChildProcess;
  /** 0, the signal, or what it said that did not end well. */
  readonly ended: Promise<unknown>;
}

function start(coordinator: string): Worker {
  const sides = [pair.source, pair.destination].map(({ url }) => `s3+${url}/b`);
  const shared = ["--coordinator", coordinator, "--lease", `${leaseSeconds}`, "--jobs", "4", "--delete"];
  const child = spawn(
    process.execPath,
    [cli, "bucket", "sync", ...sides, "--max-delete", "100000", ...shared],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        XDG_STATE_HOME: join(pair.folder, "states"),
        AWS_ACCESS_KEY_ID: s3Test.accessKey,
        AWS_SECRET_ACCESS_KEY: s3Test.secretKey,
      },
    },
  );
  let said = "";
  child.stderr?.on("data", (data: Buffer) => (said += String(data)));
  const ended = once(child, "close").then(([code, signal]) =>
    code === null ? signal : code === 0 ? 0 : said,
  );
  return { child, ended };
}

function fill(round: number): void {
  for (const stub of [pair.source, pair.destination]) {
    stub.buckets.set("b", new Map());
    stub.requests.length = 0;
    stub.pageLength = 100;
  }
  for (let at = 0; at < objectCount; at++) pair.source.put("b", `d${at % 9}/k${at}`, `${round} ${at}`);
  for (let at = 0; at < longCount; at++)
    pair.source.putInParts(
      "b",
      `d${at}/long`,
      Buffer.concat([longContent, Buffer.from(`${round}`)]),
      8_388_608,
    );
  for (let at = 0; at < objectCount / 10; at++) pair.destination.put("b", `d${at % 9}/old${at}`, "old");
}

/** One round. @returns how many copies were made, and how many of them for the second time */
async function run(round: number, coordinator: string, random: () => number): Promise<[number, number]> {
  fill(round);
  const { faultOf } = requestFaults({ random, rate: 0.01, stallCount: 0 });
  let failedPuts = 0;
  pair.source.fault = faultOf(pair.source);
  const fail = faultOf(pair.destination);
  pair.destination.fault = async (request, response) => {
    const isFailed = await fail(request, response);
    if (isFailed && request.method === "PUT" && request.query.size === 0) failedPuts += 1;
    return isFailed;
  };
  const workers = Array.from({ length: workerCount }, () => start(coordinator));
  for (let kill = 0; kill < killCount; kill++) {
    const after = Math.floor((random() * objectCount) / killCount);
    const target = pair.destination.requests.length + after;
    const isOver = Promise.all(workers.map(async ({ ended }) => ended)).then(() => true);
    for (let over: unknown; over !== true && pair.destination.requests.length < target;)
      over = await Promise.race([isOver, new Promise((resolve) => setTimeout(resolve, 5))]);
    const victim = workers.splice(Math.floor(random() * workers.length), 1)[0]!;
    victim.child.kill("SIGKILL");
    await victim.ended;
    if (random() < 0.5) workers.push(start(coordinator));
  }
  expect(await Promise.all(workers.map(async ({ ended }) => ended))).toEqual(workers.map(() => 0));
  const copies = pair.destination.requests.filter((request) => /^PUT b\/[^?]*\?$/.test(request));
  // An object that was said not to be there is found by the run after.
  for (const stub of [pair.source, pair.destination]) stub.fault = undefined;
  expect(await start(coordinator).ended).toBe(0);
  // What a process sent before it was killed belongs to this round.
  await Promise.all([pair.source.idle(), pair.destination.idle()]);
  expect(pair.contentsOf(pair.destination), `round ${round}`).toEqual(pair.contentsOf(pair.source));
  const madeCount = copies.length - failedPuts;
  return [madeCount, madeCount - new Set(copies).size];
}

for (const [name, obstacle, open] of coordinators)
  unless(obstacle ?? isShort).test(
    `whoever of many hosts is killed that share by ${name}, all is copied, and next to nothing twice`,
    async () => {
      const random = seededRandom(`${printedSeed()}`);
      const coordinator = await open();
      let [copyCount, twiceCount] = [0, 0];
      for (let round = 0; round < roundCount; round++) {
        const [copies, twice] = await run(round, coordinator, random);
        copyCount += copies;
        twiceCount += twice;
      }
      console.log(`${roundCount} rounds by ${name}: ${copyCount} copies, ${twiceCount} of them twice`);
      expect(twiceCount).toBeLessThanOrEqual(copyCount / 100);
    },
  );
