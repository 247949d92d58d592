import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { builtCli } from "../built.ts";
import { startGoogleStub } from "../google-stub.ts";
import { unless } from "../obstacles.ts";
import { noOpenssl, selfSigned } from "../self-signed.ts";
import { type S3Stub, startS3Stub } from "../s3-stub.ts";
import { lockState } from "../../src/bucket/sync/state-lock.node.ts";
import { freshFolder, type Outcome, outcomeOf, rsyncStream, shell } from "./run.ts";
import { plant } from "./trees.ts";

/** The commands for buckets, as people and programs call them. */

type Env = Readonly<Record<string, string>>;

const start = (folder: string, args: readonly string[], env: Env = {}) =>
  startAny(folder, ["bucket", ...args], env);

function startAny(folder: string, args: readonly string[], env: Env = {}) {
  const own = {
    HOME: folder,
    XDG_STATE_HOME: join(folder, "states"),
    AWS_ACCESS_KEY_ID: "k",
    AWS_SECRET_ACCESS_KEY: "s",
  };
  return spawn(process.execPath, [builtCli(), ...args], {
    env: { ...process.env, ...own, ...env },
  });
}

const run = async (folder: string, args: readonly string[], env?: Env): Promise<Outcome> =>
  outcomeOf(start(folder, args, env));

async function stubOf(...names: readonly string[]): Promise<S3Stub> {
  const stub = await startS3Stub(...names);
  onTestFinished(async () => stub.stop());
  return stub;
}

/** What was told by `--json`, by its kind. */
function toldBy({ stdout, stderr }: Outcome, kind: string): readonly Record<string, unknown>[] {
  return `${stdout}${stderr}`
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === kind);
}

test("flaw 13: what was done, what it came to and what failed is told, to programs too", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("b")];
  mkdirSync(join(folder, "tree"));
  for (let i = 0; i < 5; i++) writeFileSync(join(folder, "tree", `k${i}`), `content ${i}`);
  stub.put("b", "p/old", "old");
  stub.put("b", "p/k0", "other");
  const figures = join(folder, "figures");
  const kinds = ["--delete", "--json", "-v", "--retries", "1", "--metrics", figures];
  const args = ["sync", join(folder, "tree"), `s3+${stub.url}/b/p`, ...kinds];
  stub.fault = ({ method, key }, response) =>
    method === "PUT" && key === "p/k3" && response.writeHead(400).end() !== undefined;
  const partial = await run(folder, args);
  expect(partial.code).toBe(3);
  expect(toldBy(partial, "trouble")).toEqual([expect.objectContaining({ path: "k3" })]);
  expect(toldBy(partial, "summary")).toEqual([
    expect.objectContaining({ action: "copied", entries: 5, doneBytes: 45, newBytes: 36, failedEntries: 1 }),
  ]);
  const text = readFileSync(figures, "utf8");
  for (const line of [
    'objects{result="copied"} 4',
    'objects{result="failed"} 1',
    "copied_bytes 36",
    "succeeded 0",
  ])
    expect(text).toContain(`\nrsync_stream_bucket_${line}\n`);
  stub.fault = undefined;
  const whole = await run(folder, args);
  expect(whole.code).toBe(0);
  expect(toldBy(whole, "received").map(({ path, change }) => [path, change])).toEqual([["k3", "new"]]);
  expect(toldBy(whole, "deleted").map(({ path }) => path)).toEqual(["old"]);
  expect(toldBy(whole, "summary")).toEqual([
    expect.objectContaining({ deletedEntries: 1, failedEntries: 0 }),
  ]);
  expect(readFileSync(figures, "utf8")).toContain("\nrsync_stream_bucket_succeeded 1\n");
  expect([...stub.buckets.get("b")!.keys()].sort()).toEqual(["p/k0", "p/k1", "p/k2", "p/k3", "p/k4"]);
});

test("trap 10: a source that is empty or not there changes nothing, not even by --create", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("b", "empty")];
  stub.put("b", "k", "kept");
  const at = (name: string): string => `s3+${stub.url}/${name}`;
  mkdirSync(join(folder, "unmounted"));
  for (const source of [at("empty"), join(folder, "unmounted")]) {
    const { code, stderr } = await run(folder, ["sync", source, at("b"), "--delete"]);
    expect([code, stderr]).toEqual([5, expect.stringContaining("--allow-empty-source")]);
  }
  for (const source of [at("missing"), join(folder, "missing")])
    expect((await run(folder, ["sync", source, at("made"), "--create", "--versioning"])).code).not.toBe(0);
  expect(stub.buckets.has("made")).toBe(false);
  expect(stub.buckets.get("b")!.size).toBe(1);
});

test("a check that finds a difference ends otherwise than one that could not be made", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("a", "b")];
  for (const bucket of ["a", "b"]) for (let i = 0; i < 3; i++) stub.put(bucket, `k${i}`, `content ${i}`);
  const args = ["check", `s3+${stub.url}/a`, `s3+${stub.url}/b`, "--retries", "1", "--seed", "s"];
  const good = await run(folder, args);
  expect([good.code, good.stderr]).toEqual([
    0,
    expect.stringMatching(/3 of 3 objects checked, 0 different.*95 %/),
  ]);
  stub.put("b", "k1", "content X");
  expect((await run(folder, args)).code).toBe(4);
  stub.fault = ({ method }, response) => method === "HEAD" && response.writeHead(500).end() !== undefined;
  expect((await run(folder, args)).code).toBe(1);
});

test("a check of a side that is not there ends otherwise than one that finds differences", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("a")];
  stub.put("a", "k", "content");
  const [there, absent, dir] = [`s3+${stub.url}/a`, `s3+${stub.url}/b`, join(folder, "absent")];
  for (const sides of [
    [there, absent],
    [absent, there],
    [there, dir],
    [dir, there],
  ]) {
    const { code, stderr } = await run(folder, ["check", ...sides]);
    const missing = sides.find((side) => side !== there);
    expect([code, stderr]).toEqual([1, `rsync-stream: ${missing} is not there (NOT_FOUND)\n`]);
  }
  mkdirSync(dir);
  stub.fault = ({ method, bucket, key }, response) =>
    method === "HEAD" && bucket === "a" && key === "" && response.writeHead(403).end() !== undefined;
  expect((await run(folder, ["check", there, dir])).code).toBe(4);
});

test("a bucket is created with a place and a class, and keeps versions when that is asked for", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("a")];
  stub.put("a", "k", "1");
  const more = ["--create", "--location", "eu-1", "--storage-class", "COLD", "--versioning"];
  const { code, stderr } = await run(folder, ["sync", `s3+${stub.url}/a`, `s3+${stub.url}/b`, ...more]);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/created .*\n.*keeps old versions/)]);
  expect(stub.requests).toContain("PUT b/?versioning");
  expect(stub.buckets.get("b")!.get("k")!.headers).toMatchObject({ "x-amz-storage-class": "COLD" });
});

test("no bucket is created for one that may not be listed", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("a")];
  stub.put("a", "k", "1");
  stub.fault = ({ bucket }, response) => bucket === "a" && response.writeHead(403).end() !== undefined;
  const [from, to] = [`s3+${stub.url}/a`, join(folder, "new")];
  const { code, stderr } = await run(folder, ["sync", from, to, "--create", "--retries", "1"]);
  expect([code, stderr]).toEqual([6, expect.stringMatching(/^rsync-stream: .*\(UNAUTHORIZED\)\n$/)]);
  expect(existsSync(to)).toBe(false);
});

test("all ways between S3, Google and directories come back to the same", async () => {
  const [folder, stub, google] = [freshFolder(), await stubOf("b"), await startGoogleStub("g")];
  onTestFinished(async () => google.stop());
  const keyFile = join(folder, "key.json");
  writeFileSync(keyFile, google.keyFile);
  chmodSync(keyFile, 0o600);
  mkdirSync(join(folder, "tree", "dir"), { recursive: true });
  writeFileSync(join(folder, "tree", "dir", "ä b"), "content");
  writeFileSync(join(folder, "tree", "empty"), "");
  const s3 = (prefix: string): string => `s3+${stub.url}/b/${prefix}`;
  const gs = (prefix: string): string => `gs://g/${prefix}`;
  const dir = (name: string): string => join(folder, name);
  const ways = [
    [dir("tree"), gs("1"), "", google.url],
    [gs("1"), s3("2"), google.url, ""],
    [s3("2"), gs("3"), "", google.url],
    [gs("3"), dir("back"), google.url, ""],
    [gs("3"), gs("4"), google.url, google.url],
  ] as const;
  for (const [from, to, ...endpoints] of ways) {
    const args = [
      "sync",
      from,
      to,
      "--create",
      ...endpoints.flatMap((url) => ["--endpoint", url || google.url]),
    ];
    const { code, stderr } = await run(folder, args, { GOOGLE_APPLICATION_CREDENTIALS: keyFile });
    expect([from, to, code, stderr]).toEqual([from, to, 0, expect.any(String)]);
  }
  expect(readFileSync(join(folder, "back", "dir", "ä b"), "utf8")).toBe("content");
  expect(existsSync(join(folder, "back", "empty"))).toBe(true);
  expect(google.latest("g", "4/dir/ä b")!.bytes.toString()).toBe("content");
});

unless(noOpenssl).test(
  "authorities are trusted that the environment names",
  async () => {
    const folder = freshFolder();
    const pair = selfSigned();
    writeFileSync(join(folder, "cert"), pair.cert);
    const server = createTlsServer(pair, (_, response) => void response.writeHead(404).end()).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const place = `s3+https://127.0.0.1:${(server.address() as AddressInfo).port}/b`;
    const list = async (bundle: string) =>
      run(folder, ["list", place, "--retries", "1"], { AWS_CA_BUNDLE: bundle });
    expect((await list(join(folder, "cert"))).stderr).toContain("is not there");
    expect((await list("")).stderr).toContain("connection");
    const pull = async (bundle: string) =>
      outcomeOf(startAny(folder, ["pull", `${place}/tree/`, "tree"], { AWS_CA_BUNDLE: bundle }));
    expect((await pull(join(folder, "cert"))).stderr).toContain("404");
    const missing = join(folder, "none");
    expect((await pull(missing)).stderr).toContain(`${missing}: no such file or directory`);
  },
  60_000,
);

test("a coordinator that is silent does not keep a command that is interrupted", async () => {
  const [folder, stub] = [freshFolder(), await stubOf("a", "b")];
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const asked = once(silent, "connection");
  const child = start(folder, [
    "sync",
    `s3+${stub.url}/a`,
    `s3+${stub.url}/b`,
    "--coordinator",
    `s3+http://127.0.0.1:${port}/jobs`,
  ]);
  const [socket] = (await asked) as [{ destroy(): void }];
  onTestFinished(() => socket.destroy());
  const began = performance.now();
  child.kill("SIGINT");
  expect((await outcomeOf(child)).code).not.toBe(0);
  // An answer may take a minute, and is asked for five times.
  expect(performance.now() - began).toBeLessThan(50_000);
});

test("a run waits for one that works with the same state, when that is asked for", async () => {
  const folder = freshFolder();
  plant(join(folder, "from"), { a: "alpha" });
  mkdirSync(join(folder, "to"));
  const state = join(folder, "state");
  const release = lockState(state);
  const args = ["bucket", "sync", join(folder, "from"), join(folder, "to"), "--state", state];
  const refused = await rsyncStream(args);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("(LOCKED)") as string]);
  const child = shell('$RS "$@" 2>&1', ...args, "--wait");
  let told = "";
  child.stdout!.on("data", (data: Buffer) => (told += String(data)));
  await expect.poll(() => told).toMatch(/waiting: the state .* process/);
  expect(existsSync(join(folder, "to", "a"))).toBe(false);
  release();
  expect((await outcomeOf(child)).code).toBe(0);
  expect(readFileSync(join(folder, "to", "a"), "utf8")).toBe("alpha");
});
