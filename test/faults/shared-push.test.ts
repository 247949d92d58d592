import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { builtCli } from "../built.ts";
import { listening } from "../cli/listening.ts";
import { freshFolder, waitUntil } from "../cli/run.ts";
import { noise, picture, plant } from "../cli/trees.ts";
import { unless } from "../obstacles.ts";
import { noRedis, startRedis } from "../redis-server.ts";

/**
 * Three hosts send one tree together by Redis, each at a rate of its own, so that what they take is
 * the time of their lines and not that of this machine.
 */

const { test } = unless(noRedis);
const isLong = process.env["FAULT_POINTS"] === "all";
const fileCount = isLong ? 6000 : 1001;
const fileBytes = 700;

interface Host {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<unknown>;
}

function startHost(tree: string, url: string, redis: string, rate = isLong ? "350k" : "1m"): Host {
  const shared = ["--coordinator", redis, "--lease", "2", "--bwlimit", rate];
  const child = spawn(process.execPath, [builtCli(), "push", `${tree}/`, url, "--json", ...shared], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data: Buffer) => (text += String(data)));
  return { child, output: () => text, ended: once(child, "close").then(([code]) => code as unknown) };
}

const newBytesOf = ({ output }: Host): number =>
  Number(/"event":"summary".*?"newBytes":(\d+)/.exec(output())?.[1]);

/** The files of the tree that are in place. */
const filesBelow = (root: string): number =>
  readdirSync(root)
    .filter((name) => name.startsWith("d"))
    .reduce((sum, name) => sum + readdirSync(join(root, name)).length, 0);

/** Sends a tree to a fresh place. @returns how long it took, and what those sent that lived */
async function send(tree: string, redis: string, kills: boolean) {
  const root = join(freshFolder(), "root");
  mkdirSync(join(root, "tree"), { recursive: true });
  const server = await listening("serve", root);
  const began = performance.now();
  const hosts = [1, 2, 3].map(() => startHost(tree, `${server.url}tree`, redis));
  await waitUntil(() => filesBelow(join(root, "tree")) > fileCount / 4);
  if (kills) hosts[0]!.child.kill("SIGKILL");
  const living = kills ? hosts.slice(1) : hosts;
  for (const { ended, output } of living) expect(await ended, output()).toBe(0);
  const ms = performance.now() - began;
  expect(picture(join(root, "tree"))).toEqual(picture(tree));
  await server.stop();
  return { ms, newBytes: living.reduce((sum, host) => sum + newBytesOf(host), 0) };
}

test("of three hosts that send a tree one is killed: the others send what it had not", async () => {
  const tree = join(freshFolder(), "tree");
  const name = (at: number): string => `d${at % 20}/f${at}`;
  const files = Array.from({ length: fileCount }, (_, at) => [name(at), noise(fileBytes, `${at}`)]);
  plant(tree, Object.fromEntries(files) as Record<string, Buffer>);
  const redis = await startRedis();
  try {
    const allBytes = fileCount * fileBytes;
    const lived = isLong ? await send(tree, redis.url, false) : undefined;
    if (lived) expect(lived.newBytes).toBe(allBytes);
    const killed = await send(tree, redis.url, true);
    // What the one had sent is sent again at most for the part that it was at.
    expect(killed.newBytes).toBeLessThanOrEqual(allBytes);
    expect(killed.newBytes).toBeGreaterThan(0);
    if (!lived) return;
    console.log(`three hosts: ${lived.ms.toFixed()} ms; one of them killed: ${killed.ms.toFixed()} ms`);
    expect(killed.ms / lived.ms).toBeLessThan(1.6);
  } finally {
    await redis.stop();
  }
});

test("one long file is sent by three hosts, of which one is killed; the others write what it had not", async () => {
  const tree = join(freshFolder(), "tree");
  const file = noise(36_000_000, "long");
  plant(tree, { "d0/long": file, "d1/short": noise(fileBytes, "short") });
  const root = join(freshFolder(), "root");
  mkdirSync(join(root, "tree"), { recursive: true });
  const [redis, server] = await Promise.all([startRedis(), listening("serve", root)]);
  try {
    const hosts = [1, 2, 3].map(() => startHost(tree, `${server.url}tree`, redis.url, "24m"));
    const staging = join(root, "tree/.rsync-stream");
    await waitUntil(
      () => existsSync(staging) && readdirSync(staging).some((name) => name.startsWith("ranges")),
    );
    hosts[0]!.child.kill("SIGKILL");
    for (const { ended, output } of hosts.slice(1)) expect(await ended, output()).toBe(0);
    expect(picture(join(root, "tree"))).toEqual(picture(tree));
    expect(existsSync(staging)).toBe(false);
  } finally {
    await Promise.all([redis.stop(), server.stop()]);
  }
});
