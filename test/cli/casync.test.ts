import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { roomOf } from "../../src/casync/blob-room.node.ts";
import { blobFeatures } from "../../src/casync/features.ts";
import { writeIndex } from "../../src/casync/index-writer.ts";
import { sha512_256Digest } from "../../src/chunk/sha512-256.ts";
import { chunkOf } from "../../src/chunk/verify.ts";
import { builtCli } from "../built.ts";
import { noMounting, skipFor, unless } from "../obstacles.ts";
import { xorshiftBytes } from "../vectors/input.ts";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream, runShell } from "./run.ts";

const sizes = ["--chunk-size", "1K:4K:16K"];

/** A folder with a file, its index and its store. */
async function withBlob(bytes = xorshiftBytes(5, 300_000)) {
  const folder = freshFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("blob"), bytes);
  const made = await rsyncStream([
    "index",
    "make",
    at("blob.caibx"),
    at("blob"),
    "-s",
    at("s.castr"),
    ...sizes,
  ]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  return { bytes: Buffer.from(bytes), at };
}

/** Bytes that a file in a folder can take, where that can be known. */
function roomAround(folder: string): number | undefined {
  const fd = openSync(join(folder, ".room"), "w");
  try {
    return roomOf(fd);
  } finally {
    closeSync(fd);
    rmSync(join(folder, ".room"));
  }
}

/** An index that has one chunk again and again. */
async function* indexOf(id: Uint8Array, size: number, count: number) {
  const chunks = (async function* () {
    for (let i = 0; i < count; i++) yield { id, size };
  })();
  const sizes = { minBytes: 1, averageBytes: size, maxBytes: size };
  yield* writeIndex({ features: blobFeatures, sizes }, chunks);
}

describe("what an index is of is sent", () => {
  const summaryOf = ({ stdout }: { readonly stdout: Buffer }) =>
    JSON.parse(stdout.toString().trim().split("\n").at(-1)!) as Record<string, number>;

  test("a blob as a file, of which only what is missing comes", async () => {
    const { bytes, at } = await withBlob();
    utimesSync(at("blob.caibx"), 1_000_000, 1_000_000.5);
    const sync = (to: string) =>
      rsyncStream(["sync", at("blob.caibx"), at(to), "--source-store", at("s.castr"), "--json"]);
    mkdirSync(at("to"));
    writeFileSync(at("to/blob"), Buffer.concat([bytes.subarray(0, 150_000), Buffer.from("x"), bytes]));
    const first = await sync("to/");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(at("to/blob")).equals(bytes)).toBe(true);
    expect(statSync(at("to/blob"))).toMatchObject({ mtimeMs: 1_000_000_500, mode: 0o100644 });
    expect(summaryOf(first)["newBytes"]).toBeLessThan(50_000);
    rmSync(at("s.castr"), { recursive: true });
    mkdirSync(at("s.castr")); // nothing is fetched for what is there
    expect((await sync("to/")).code).toBe(0);
    const none = await sync("other/");
    expect(none.code).toBe(3);
    expect(none.stdout.toString()).toMatch(/"trouble","code":"NOT_FOUND".*"path":"blob"/);
  });

  test("an archive as a tree, with what rules leave out left out", async () => {
    const { at } = await withBlob();
    mkdirSync(at("tree/empty"), { recursive: true });
    mkdirSync(at("tree/a b"));
    writeFileSync(at("tree/a b/large"), xorshiftBytes(8, 200_000));
    for (let i = 0; i < 300; i++) writeFileSync(at(`tree/a b/small ${i}`), `text ${i}`);
    writeFileSync(at("tree/nothing"), "", { mode: 0o600 });
    writeFileSync(at("tree/object.o"), "o");
    symlinkSync("a b/large", at("tree/link"));
    const packed = await rsyncStream(["index", "tar", at("tree.caidx"), at("tree"), "-s", at("t.castr")]);
    expect(packed.code).toBe(0);
    const store = ["--source-store", at("t.castr")];
    const sync = (from: string, to: string, ...more: string[]) =>
      rsyncStream(["sync", at(from), at(to), ...store, ...more]);
    expect((await sync("tree.caidx/", "all")).code).toBe(0);
    const same = await rsyncStream(["check", at("tree/"), at("all")]);
    expect(same).toMatchObject({ code: 0 });
    expect((await sync("tree.caidx", "named/", "--exclude", "*.o")).code).toBe(0);
    expect(readdirSync(at("named/tree")).sort()).toEqual(["a b", "empty", "link", "nothing"]);
    const piped = await runShell(
      'cd "$1"; $RS send tree.caidx --source-store t.castr | $RS recv piped/',
      at(""),
    );
    expect(piped.code).toBe(0);
    expect((await rsyncStream(["check", at("tree/"), at("piped/tree")])).code).toBe(0);
  });

  test("and what cannot be so is refused", async () => {
    const { at } = await withBlob();
    const run = (from: string, ...more: string[]) =>
      rsyncStream(["sync", from, at("x"), "--source-store", at("s.castr"), ...more]);
    expect((await run("http://127.0.0.1:1/a.caibx")).code).toBe(2);
    expect((await run(at("blob.caibx"), "--dirs")).code).toBe(2);
    const blob = await run(at("blob"));
    expect(blob.code).toBe(1);
    expect(blob.stderr).toContain("blob");
    expect((await run(at("none.caibx"))).stderr).toMatch(
      /none.caibx: no such file or directory \(NOT_FOUND\)/,
    );
    expect((await run(at(""))).stderr).toMatch(/: this is a directory, not an index \(IO\)/);
    expect(existsSync(at("x"))).toBe(false);
  });
});

test("a tree that goes one way is received beside a store, and shares it", async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, "tree"));
  writeFileSync(join(folder, "tree", "blob"), xorshiftBytes(6, 300_000));
  const piped = await runShell(
    'cd "$1"; $RS send --cutter casync tree/ | $RS recv a --store s.castr; $RS sync tree/ b --store s.castr --json',
    folder,
  );
  expect(piped.code).toBe(0);
  expect(piped.stdout.toString()).toMatch(/"reusedBytes":300000,/);
  expect(readFileSync(join(folder, "b", "blob")).equals(xorshiftBytes(6, 300_000))).toBe(true);
});

test("a store is mirrored here, to elsewhere and from there", async () => {
  const { at } = await withBlob();
  // The command at the other end of a shell that reaches this very machine.
  writeFileSync(at("shell"), '#!/bin/sh\nshift; exec sh -c "$1"\n', { mode: 0o755 });
  const far = ["-e", at("shell"), "--remote-path", `${process.execPath} ${builtCli()}`];
  const sync = (from: string, to: string, ...more: string[]) =>
    rsyncStream(["store", "sync", from, to, ...more]);
  const whole = files(at("s.castr")).length;
  const here = await sync(at("s.castr"), at("here.castr"));
  expect(here).toMatchObject({
    code: 0,
    stderr: `rsync-stream: ${whole} chunks: ${whole} moved, 0 were there\n`,
  });
  const there = await sync(at("here.castr"), `host:${at("there.castr")}`, ...far);
  expect(there).toMatchObject({ code: 0, stderr: here.stderr });
  const back = await sync(`host:${at("there.castr")}`, at("s.castr"), ...far, "--index", at("blob.caibx"));
  expect(back).toMatchObject({
    code: 0,
    stderr: `rsync-stream: ${whole} chunks: 0 moved, ${whole} were there\n`,
  });
  expect((await rsyncStream(["store", "verify", at("there.castr")])).code).toBe(0);
  expect(await sync(at("none.castr"), `host:${at("there.castr")}`, ...far)).toMatchObject({ code: 1 });
  expect(await sync(`host:${at("none.castr")}`, at("s.castr"), ...far)).toMatchObject({ code: 1 });
  expect((await sync(at("s.castr"), "/dev/null/x")).stderr).toMatch(/\((?:IO|PATH|USAGE|NOT_FOUND)\)/);
  expect((await sync(`host:${at("there.castr")}`, "/dev/null/x", ...far)).stderr).toMatch(
    /\((?:IO|PATH|USAGE|NOT_FOUND)\)/,
  );
  expect(await sync("a:b", "c:d")).toMatchObject({ code: 2 });
});

test("a store is mirrored to a server and from it", async () => {
  const { at } = await withBlob();
  mkdirSync(at("root"));
  const { url } = await listening("serve", at("root"), "--chunks", at("far.castr"), "--take-chunks");
  const server = url.replace("http", "ws");
  const sync = (from: string, to: string, ...more: string[]) =>
    rsyncStream(["store", "sync", from, to, ...more]);
  const whole = files(at("s.castr")).length;
  expect(await sync(at("s.castr"), server)).toMatchObject({
    code: 0,
    stderr: `rsync-stream: ${whole} chunks: ${whole} moved, 0 were there\n`,
  });
  expect(await sync(server, at("here.castr"))).toMatchObject({
    code: 0,
    stderr: `rsync-stream: ${whole} chunks: ${whole} moved, 0 were there\n`,
  });
  expect(files(at("here.castr")).sort()).toEqual(files(at("s.castr")).sort());
  expect((await rsyncStream(["store", "verify", at("far.castr")])).code).toBe(0);
  expect((await sync(server, server)).code).toBe(2);
  expect((await sync(server, at("x"), "--index", at("blob.caibx"))).code).toBe(2);
});

test("a server is a store: chunks are asked for by their ids, and left there", async () => {
  const { at } = await withBlob();
  mkdirSync(at("root"));
  writeFileSync(at("tokens"), "me read,write good-0123456789abcdef0123456789\n", { mode: 0o600 });
  writeFileSync(at("token"), "good-0123456789abcdef0123456789\n", { mode: 0o600 });
  const words = ["--chunks", at("far.castr"), "--take-chunks", "--token-file", at("tokens")];
  const { url } = await listening("serve", at("root"), ...words);
  const run = (...line: string[]) => rsyncStream([...line, "--store", url.replace("http", "ws")]);
  const shown = ["--token-file", at("token")];
  expect((await run("index", "make", at("two.caibx"), at("blob"), ...shown)).code).toBe(0);
  expect(files(at("far.castr")).length).toBeGreaterThan(0);
  expect((await run("index", "extract", at("two.caibx"), at("out"), ...shown)).code).toBe(0);
  expect(readFileSync(at("out")).equals(readFileSync(at("blob")))).toBe(true);
  expect((await run("index", "tar", at("tree.caidx"), at("root"), ...shown)).code).toBe(0);
  expect((await run("index", "untar", at("tree.caidx"), at("tree"), ...shown)).code).toBe(0);
  expect((await run("index", "cat", at("two.caibx"))).code).not.toBe(0); // it shows no token
  expect((await rsyncStream(["store", "prune", url.replace("http", "ws"), at("two.caibx")])).code).toBe(2);
});

test("a token opens what is behind a URL, none and another are refused at once, a poor one is held to its limit", async () => {
  const { at } = await withBlob();
  mkdirSync(at("root"));
  const none = ["serve", at("root"), "--no-auth", "--listen", "127.0.0.1:0", "--indexes", at("indexes")];
  expect((await rsyncStream(none)).stderr).toContain("NOT_FOUND");
  const secrets = { good: "good-0123456789abcdef0123456789", poor: "poor-0123456789abcdef0123456789" };
  const lines = `me read,write ${secrets.good}\nsmall read,write ${secrets.poor} max-bytes=1K\n`;
  writeFileSync(at("tokens"), lines, { mode: 0o600 });
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(at(name), secret, { mode: 0o600 });
  const offers = ["--chunks", at("far.castr"), "--take-chunks", "--indexes", at("indexes"), "--take-indexes"];
  const { url } = await listening("serve", at("root"), ...offers, "--token-file", at("tokens"));
  const [chunks, sockets] = [`${url}-/chunks/`, `${url.replace("http", "ws")}-/chunks/`];
  const index = `${url}-/indexes/blob.caibx`;
  const run = (line: readonly string[], token: "good" | "none" | "poor") =>
    rsyncStream(token === "none" ? line : [...line, "--token-file", at(token)]);
  const needs = [
    ["store", "sync", at("s.castr"), sockets],
    ["store", "sync", at("s.castr"), chunks],
    ["index", "make", index, at("blob"), "-s", chunks, ...sizes],
    ["index", "extract", index, at("out"), "-s", chunks],
    ["index", "cache", at("cached.castr"), at("blob.caibx"), "-s", chunks],
    ["sync", at("blob.caibx"), at("sent"), "--source-store", chunks],
  ];
  const longIndex = ["index", "make", index, at("blob"), ...sizes];
  for (const line of [...needs.slice(0, 2), longIndex]) {
    const held = await run(line, "poor");
    expect([line, held.code, held.stderr]).toEqual([line, 5, expect.stringContaining("LIMIT")]);
  }
  const refusing = needs.slice(1).map(async (line) => {
    const refused = await run(line, "none");
    expect([line, refused.code, refused.stderr.match(/UNAUTHORIZED/g)]).toEqual([line, 6, ["UNAUTHORIZED"]]);
  });
  await Promise.all(refusing);
  for (const line of needs.slice(1)) {
    const done = await run(line, "good");
    expect([line, done.code, done.stderr.match(/[A-Z]{6,}|Warning/)]).toEqual([line, 0, null]);
  }
  for (const name of ["out", "sent"])
    expect(readFileSync(at(name)).equals(readFileSync(at("blob")))).toBe(true);
  const prune = 'RSYNC_STREAM_TOKEN="$1" $RS store prune "$2" "$3" --dry-run';
  const pruned = await runShell(prune, secrets.good, at("s.castr"), index);
  expect([pruned.code, pruned.stderr]).toEqual([0, expect.stringContaining("0 chunks would go")]);
  // Where DST is at a server, too, the store has a token of its own.
  mkdirSync(at("other"));
  const other = await listening("serve", at("other"), "--token-file", at("tokens"));
  for (const command of ["push", "sync"]) {
    const line = [command, at("blob.caibx"), `${other.url}${command}`, "--source-store", chunks];
    expect((await run(line, "good")).code).toBe(6);
    const done = await run([...line, "--source-token-file", at("good")], "good");
    expect([command, done.code]).toEqual([command, 0]);
    expect(readFileSync(at(`other/${command}`)).equals(readFileSync(at("blob")))).toBe(true);
  }
});

test("what an index is of travels without some facts, which is said once", async () => {
  const { at } = await withBlob();
  const line = ["sync", at("blob.caibx"), at("to"), "--source-store", at("s.castr")];
  const { code, stderr } = await rsyncStream([...line, "-aAXH"]);
  const lost = "without owners, groups, hard links, access control lists, extended attributes\n";
  expect([code, stderr.split(lost).length]).toEqual([0, 2]);
  expect((await rsyncStream(line)).stderr).not.toContain("without");
});

const files = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cacnk"));

describe("index", () => {
  test("make, extract, verify, cat and list fit together", async () => {
    const { bytes, at } = await withBlob();
    const extracted = await rsyncStream([
      "index",
      "extract",
      at("blob.caibx"),
      at("out"),
      "-s",
      at("s.castr"),
    ]);
    expect(extracted.code).toBe(0);
    expect(extracted.stderr).toMatch(/ 0 in place, 0 copied, \d+ from the store/);
    expect(readFileSync(at("out")).equals(bytes)).toBe(true);
    expect((await rsyncStream(["index", "verify", at("blob.caibx"), at("out")])).code).toBe(0);
    const part = ["--offset", "100000", "--length", "50000"];
    const cat = await rsyncStream(["index", "cat", at("blob.caibx"), "-s", at("s.castr"), ...part]);
    expect(cat.stdout.equals(bytes.subarray(100_000, 150_000))).toBe(true);
    const ids = (await rsyncStream(["index", "list", at("blob.caibx")])).stdout.toString().trim().split("\n");
    expect(ids.length).toBe(files(at("s.castr")).length);
  });

  test("make takes standard input and writes standard output", async () => {
    const { bytes, at } = await withBlob();
    const { stdout } = await rsyncStream(["index", "make", "-", "-", ...sizes], bytes);
    expect(stdout.equals(readFileSync(at("blob.caibx")))).toBe(true);
  });

  test("extract refuses an index of more than there is room for, or may come", async (context) => {
    const { at } = await withBlob();
    const roomBytes = roomAround(at("s.castr"));
    skipFor(context, roomBytes === undefined ? "files may share blocks here" : undefined);
    const size = 16_777_216;
    const count = Math.ceil((2 * roomBytes!) / size);
    const write = (name: string, bytes: Uint8Array) =>
      writeFile(at(name), indexOf(chunkOf(bytes, sha512_256Digest).id, size, count));
    await write("bomb.caibx", new Uint8Array(size).fill(1));
    await write("holes.caibx", new Uint8Array(size));
    const extract = (name: string, ...more: readonly string[]) =>
      rsyncStream(["index", "extract", name, at("out"), "-s", at("s.castr"), ...more]);
    const bomb = await extract(at("bomb.caibx"));
    expect(bomb).toMatchObject({ code: 1 });
    expect(bomb.stderr).toMatch(
      /there is room for \d+ bytes, and what the index is of takes \d+ \(NO_SPACE\)/,
    );
    expect(await extract(at("bomb.caibx"), "-k")).toMatchObject({ code: 1 });
    expect(readdirSync(at(".")).filter((name) => name.includes("out"))).toEqual([]);
    expect(await extract(at("holes.caibx"))).toMatchObject({ code: 0 });
    expect(statSync(at("out"))).toMatchObject({ size: size * count });
    rmSync(at("out"));
    const refused = {
      code: 5,
      stderr: expect.stringMatching(/\d+ bytes or more, and --max-bytes allows \d+/) as string,
    };
    expect(await extract(at("holes.caibx"), "--max-bytes", "1G")).toMatchObject(refused);
    expect(await extract(at("blob.caibx"), "--max-bytes", "299999")).toMatchObject(refused);
    expect(await extract(at("blob.caibx"), "--max-bytes", "300000")).toMatchObject({ code: 0 });
    expect(await extract(at("blob.caibx"), "--max-bytes", "0")).toMatchObject({ code: 0 });
  });

  test("processes that fill one store at a time leave one file of each chunk, and nothing else", async () => {
    const { at } = await withBlob();
    const processCount = process.env["FAULT_POINTS"] === "all" ? 16 : 4;
    const blob = xorshiftBytes(16, 260_000);
    writeFileSync(at("many"), blob);
    const made = await Promise.all(
      Array.from({ length: processCount }, (_, i) =>
        rsyncStream([
          ...["index", "make", at(`${i}.caibx`), at("many"), "-s", at("m.castr")],
          ...["--chunk-size", "64:256:1K"],
        ]),
      ),
    );
    for (const outcome of made) expect(outcome).toMatchObject({ code: 0, stderr: "" });
    const index = readFileSync(at("0.caibx"));
    for (let i = 1; i < processCount; i++) expect(readFileSync(at(`${i}.caibx`)).equals(index)).toBe(true);
    const ids = (await rsyncStream(["index", "list", at("0.caibx")])).stdout.toString().trim().split("\n");
    expect(ids.length).toBeGreaterThan(900);
    const files = readdirSync(at("m.castr"), { recursive: true, encoding: "utf8" }).filter((path) =>
      path.includes("/"),
    );
    expect(files.sort()).toEqual([...new Set(ids)].map((id) => `${id.slice(0, 4)}/${id}.cacnk`).sort());
    expect(await rsyncStream(["store", "verify", at("m.castr")])).toMatchObject({ code: 0 });
  });

  test("untar over a tree fetches only what that does not hold, from a store that is far", async () => {
    const { at } = await withBlob();
    mkdirSync(at("tree/sub"), { recursive: true });
    for (let i = 0; i < 20; i++) writeFileSync(at(`tree/sub/f${i}`), xorshiftBytes(i + 1, 20_000));
    const pack = async (name: string) =>
      expect(
        (await rsyncStream(["index", "tar", at(name), at("tree"), "-s", at("t.castr"), ...sizes])).code,
      ).toBe(0);
    await pack("old.caidx");
    for (const out of ["out", "desync"]) {
      const unpacked = await rsyncStream(["index", "untar", at("old.caidx"), at(out), "-s", at("t.castr")]);
      expect(unpacked).toMatchObject({ code: 0 });
    }
    writeFileSync(at("tree/sub/f7"), xorshiftBytes(99, 20_000));
    writeFileSync(at("tree/new"), "new");
    await pack("new.caidx");
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.end(readFileSync(join(at("t.castr"), request.url!)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const store = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const unpack = {
      out: [builtCli(), "index", "untar", at("new.caidx"), at("out"), "-s", store],
      desync: [
        join(dirname(builtCli()), "desync.mjs"),
        "untar",
        "-i",
        "-s",
        store,
        at("new.caidx"),
        at("desync"),
      ],
    };
    for (const [out, line] of Object.entries(unpack)) {
      asked.length = 0;
      const child = spawn(process.execPath, line, { stdio: "inherit" });
      expect(await once(child, "close")).toEqual([0, null]);
      execFileSync("diff", ["-r", at("tree"), at(out)]);
      // The new content, what stands around it, the table at the end; a hundred chunks are there.
      expect([out, asked.length > 0 && asked.length < 15]).toEqual([out, true]);
    }
  });

  test("what comes through a pipe is bounded by --max-bytes, too", async () => {
    const { at } = await withBlob();
    const line = `cat ${at("blob.caibx")} | $RS index extract - ${at("out")} -s ${at("s.castr")} --max-bytes`;
    expect(await runShell(`${line} 100K`)).toMatchObject({ code: 5 });
    expect(await runShell(`${line} 300000`)).toMatchObject({ code: 0 });
  });

  test("extract reads what is there before it asks the store", async () => {
    const { bytes, at } = await withBlob();
    writeFileSync(at("out"), bytes);
    rmSync(at("s.castr"), { recursive: true });
    mkdirSync(at("s.castr"));
    const again = await rsyncStream(["index", "extract", at("blob.caibx"), at("out"), "-s", at("s.castr")]);
    expect(again.stderr).toMatch(/ 0 from the store/);
    const seeds = ["--seed", at("out"), "--seed", at("blob.caibx")];
    for (const seed of [seeds.slice(0, 2), seeds.slice(2), ["--seed", `${at("blob.caibx")}:${at("out")}`]]) {
      rmSync(at("new"), { force: true });
      const seeded = await rsyncStream([
        "index",
        "extract",
        at("blob.caibx"),
        at("new"),
        "-s",
        at("s.castr"),
        ...seed,
      ]);
      expect(seeded.code, seeded.stderr).toBe(0);
      expect(readFileSync(at("new")).equals(bytes)).toBe(true);
    }
  });

  test("extract goes on in place where it broke off", async () => {
    const { bytes, at } = await withBlob();
    const half = Buffer.concat([bytes.subarray(0, 150_000), Buffer.alloc(500_000, 1)]);
    writeFileSync(at("out"), half);
    const { code, stderr } = await rsyncStream([
      "index",
      "extract",
      "-k",
      at("blob.caibx"),
      at("out"),
      "-s",
      at("s.castr"),
    ]);
    expect(code).toBe(0);
    expect(Number(/(\d+) in place/.exec(stderr)![1])).toBeGreaterThan(20);
    expect(readFileSync(at("out")).equals(bytes)).toBe(true);
  });

  test("extract leaves what was there when a chunk is missing or damaged", async () => {
    const { at } = await withBlob();
    writeFileSync(at("out"), "old");
    const [one] = files(at("s.castr"));
    truncateSync(join(at("s.castr"), one!), 10);
    const extract = ["index", "extract", at("blob.caibx"), at("out"), "-s", at("s.castr")];
    const damaged = await rsyncStream(extract);
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain("CORRUPT");
    rmSync(join(at("s.castr"), one!));
    const missing = await rsyncStream(extract);
    expect(missing.stderr).toContain(one!.slice(5, 69));
    expect(readFileSync(at("out"), "utf8")).toBe("old");
    expect(readdirSync(at(".")).sort()).toEqual(["blob", "blob.caibx", "out", "s.castr"]);
  });

  test("extract that was killed leaves nothing behind the next run, which goes on", async () => {
    const { bytes, at } = await withBlob();
    let count = 0;
    const server = createServer(({ url }, response) => {
      if (count++ < 30) response.end(readFileSync(join(at("s.castr"), url!)));
      else server.emit("stuck");
    }).listen(0, "127.0.0.1");
    const stuck = once(server, "stuck");
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const extract = ["index", "extract", at("blob.caibx"), at("out"), "-s"];
    const few = [`http://127.0.0.1:${port}/`, "--jobs", "8"]; // some are written when the rest gets stuck
    const killed = spawn(process.execPath, [builtCli(), ...extract, ...few]);
    await stuck;
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(readdirSync(at(".")).some((name) => name.startsWith(".rsync-stream-"))).toBe(true);
    const { code, stderr } = await rsyncStream([...extract, at("s.castr")]);
    expect(code, stderr).toBe(0);
    expect(Number(/(\d+) in place/.exec(stderr)![1])).toBeGreaterThan(0);
    expect(readdirSync(at(".")).sort()).toEqual(["blob", "blob.caibx", "out", "s.castr"]);
    expect(readFileSync(at("out")).equals(bytes)).toBe(true);
  });

  test("that a server is asked again is told as all else", async () => {
    const { at } = await withBlob();
    let isFirst = true;
    const server = createServer(({ url }, response) => {
      if (isFirst) response.writeHead(503).end();
      else response.end(readFileSync(join(at("s.castr"), url!)));
      isFirst = false;
    }).listen(0, "127.0.0.1");
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const extract = async (option: string) => {
      isFirst = true;
      const { code, stdout, stderr } = await rsyncStream([
        "index",
        "extract",
        at("blob.caibx"),
        at("out"),
        "-s",
        url,
        option,
      ]);
      expect(code, stderr).toBe(0);
      rmSync(at("out"));
      return { stdout: stdout.toString(), stderr };
    };
    const words = "the server answers 503; trying again";
    const json = await extract("--json");
    expect(json.stderr).toBe("");
    const events = json.stdout.trim().split("\n");
    expect(events.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ event: "notice", message: words }),
    );
    expect((await extract("--verbose")).stderr).toContain(`rsync-stream: ${words}\n`);
    expect((await extract("--quiet")).stderr).toBe("");
  });

  test("extract makes no blocks of zeros", async () => {
    const { bytes, at } = await withBlob(new Uint8Array(4_000_000));
    await rsyncStream(["index", "extract", at("blob.caibx"), at("out"), "-s", at("s.castr")]);
    expect(readFileSync(at("out")).equals(bytes)).toBe(true);
    expect(statSync(at("out")).blocks * 512).toBeLessThan(1_000_000);
  });

  test("verify tells where a file differs", async () => {
    const { bytes, at } = await withBlob();
    bytes[200_000]! ^= 1;
    writeFileSync(at("blob"), bytes);
    const { code, stderr } = await rsyncStream(["index", "verify", at("blob.caibx"), at("blob")]);
    expect(code).toBe(1);
    expect(stderr).toContain("CORRUPT");
    truncateSync(at("blob"), 100_000);
    expect((await rsyncStream(["index", "verify", at("blob.caibx"), at("blob")])).stderr).toContain(
      "the content ends before what the index has (TRUNCATED)",
    );
  });

  test("cache copies what an index names, and tells what it cannot", async () => {
    const { at } = await withBlob();
    const cache = ["index", "cache", at("c.castr"), at("blob.caibx"), "-s", at("s.castr")];
    expect((await rsyncStream(cache)).code).toBe(0);
    expect(files(at("c.castr")).sort()).toEqual(files(at("s.castr")).sort());
    rmSync(join(at("c.castr"), files(at("c.castr"))[0]!));
    rmSync(join(at("s.castr"), files(at("s.castr"))[0]!));
    expect((await rsyncStream(cache)).code).toBe(
      files(at("c.castr")).length === files(at("s.castr")).length ? 3 : 0,
    );
  });
});

unless(noMounting()).test("cache ends where there is no more room, with one message", async () => {
  const { at } = await withBlob();
  const desync = join(dirname(builtCli()), "desync.mjs");
  mkdirSync(at("full"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=100k", "none", at("full")]);
  try {
    const full = at("full/c.castr");
    const ours = await rsyncStream(["index", "cache", full, at("blob.caibx"), "-s", at("s.castr")]);
    expect([ours.code, ours.stderr.match(/NO_SPACE|PARTIAL/g)]).toEqual([1, ["NO_SPACE"]]);
    const command = `node '${desync}' cache -s '${at("s.castr")}' -c '${full}' '${at("blob.caibx")}'`;
    const theirs = await runShell(command);
    expect([theirs.code, theirs.stderr.match(/NO_SPACE|PARTIAL/g)]).toEqual([1, ["NO_SPACE"]]);
  } finally {
    execFileSync("umount", [at("full")]);
  }
});

unless(noMounting()).test("a disk that is full before anything is made is told as that", async () => {
  const { at } = await withBlob();
  mkdirSync(at("full"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "none", at("full")]);
  try {
    writeFileSync(at("full/fill"), Buffer.alloc(4096));
    const place = at("full/out");
    const reason = ": ENOSPC: no space left on device, write (NO_SPACE)\n";
    for (const [path, line] of [
      [place, ["index", "extract", "--store", at("s.castr"), at("blob.caibx"), place]],
      [at("full/state"), ["bucket", "sync", at("s.castr"), at("full"), "--state", at("full/state")]],
    ] as const)
      expect(await rsyncStream(line)).toMatchObject({ code: 1, stderr: `rsync-stream: ${path}${reason}` });
  } finally {
    execFileSync("umount", [at("full")]);
  }
});

describe("index tar and untar", () => {
  test("bring a tree back, by an archive and by its index", async () => {
    const folder = freshFolder();
    const at = (name: string) => join(folder, name);
    mkdirSync(at("tree/sub"), { recursive: true });
    writeFileSync(at("tree/sub/file"), xorshiftBytes(7, 100_000));
    writeFileSync(at("tree/empty"), "");
    const store = ["-s", at("s.castr")];
    for (const [archive, ...options] of [["a.catar"], ["a.caidx", ...store]]) {
      const packed = await rsyncStream(["index", "tar", at(archive!), at("tree"), ...options]);
      expect(packed).toMatchObject({ code: 0, stderr: "" });
      const unpacked = await rsyncStream(["index", "untar", at(archive!), at(`from-${archive}`), ...options]);
      expect(unpacked).toMatchObject({ code: 0, stderr: "" });
      const again = await rsyncStream(["index", "tar", "-", at(`from-${archive}`)]);
      expect(again.stdout.equals(readFileSync(at("a.catar")))).toBe(true);
    }
    const cat = await rsyncStream(["index", "cat", at("a.caidx"), ...store]);
    expect(cat.stdout.equals(readFileSync(at("a.catar")))).toBe(true);
  });

  test("name the archive that is damaged, and the chunk that is missing", async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "bad.catar"), "no archive of casync, but long enough to be asked".repeat(3));
    const limited = ["--max-bytes", "1", join(folder, "bad.catar"), join(folder, "out")];
    const told = { code: 2, stderr: expect.stringMatching(/--max-bytes is for a \.caidx/) as string };
    expect(await rsyncStream(["index", "untar", ...limited])).toMatchObject(told);
    const bad = await rsyncStream(["index", "untar", join(folder, "bad.catar"), join(folder, "out")]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain("bad.catar");
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

describe("store", () => {
  test("verify finds damage and repairs it from another store", async () => {
    const { at } = await withBlob();
    await rsyncStream(["index", "cache", at("c.castr"), at("blob.caibx"), "-s", at("s.castr")]);
    const [one, two] = files(at("s.castr"));
    for (const name of [one!, two!]) truncateSync(join(at("s.castr"), name), 10);
    const found = await rsyncStream(["store", "verify", at("s.castr")]);
    expect(found.code).toBe(3);
    expect(found.stderr).toContain(one!.slice(5, 69));
    expect((await rsyncStream(["store", "verify", at("s.castr"), "--repair-from", at("c.castr")])).code).toBe(
      0,
    );
    expect((await rsyncStream(["store", "verify", at("s.castr")])).code).toBe(0);
    truncateSync(join(at("s.castr"), one!), 10);
    expect((await rsyncStream(["store", "verify", "-r", at("s.castr")])).code).toBe(3);
    expect(existsSync(join(at("s.castr"), one!))).toBe(false);
  });

  test("prune removes what no index names, when it is old enough", async () => {
    const { at } = await withBlob();
    writeFileSync(at("small"), "small");
    await rsyncStream(["index", "make", at("small.caibx"), at("small"), "-s", at("s.castr")]);
    const count = files(at("s.castr")).length;
    const prune = ["store", "prune", at("s.castr"), at("small.caibx")];
    const young = String.raw`0 chunks removed, ${count} stay, \d+ for being younger than 24 hours\n`;
    expect((await rsyncStream(prune)).stderr).toMatch(new RegExp(young));
    const dry = await rsyncStream([...prune, "--older-than", "0", "-n"]);
    expect(dry.stderr).toContain(`${count - 1} chunks would go, 1 stay`);
    expect(files(at("s.castr")).length).toBe(count);
    await rsyncStream([...prune, "--older-than", "0"]);
    expect(files(at("s.castr")).length).toBe(1);
  });
});

test("a group of commands tells what it has", async () => {
  const alone = await rsyncStream(["index"]);
  expect(alone.code).toBe(2);
  expect(alone.stderr).toContain("index make");
  for (const words of [
    ["help", "index"],
    ["index", "--help"],
  ]) {
    const { stdout } = await rsyncStream(words);
    expect(stdout.toString()).toContain("rsync-stream index extract");
  }
  for (const words of [
    ["help", "index", "make"],
    ["index", "make", "--help"],
  ])
    expect((await rsyncStream(words)).stdout.toString()).toContain("--chunk-size");
  expect((await rsyncStream(["index", "mkae"])).stderr).toContain("did you mean index make");
});
