import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtCli } from "../built.ts";
import { missing, unless } from "../obstacles.ts";
import { xorshiftBytes } from "../vectors/input.ts";
import { freshFolder, outcomeOf } from "./run.ts";

const program = join(dirname(builtCli()), "desync.mjs");

/** Runs a command line of desync by this library, in a folder. */
function front(folder: string, line: string, input = "", env = {}) {
  const child = spawn(process.execPath, [program, ...line.split(" ")], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  child.stdin.on("error", () => {}); // it may end without having read all
  child.stdin.end(input);
  return outcomeOf(child);
}

/** The same by desync itself. */
function real(folder: string, line: string, env = {}) {
  const { status, stdout, stderr } = spawnSync("desync", line.split(" "), {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  return { code: status, stdout, stderr: String(stderr) };
}

function withBlob(): string {
  const folder = freshFolder();
  for (const name of ["s.castr", "t.castr"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "blob"), xorshiftBytes(11, 900_000));
  return folder;
}

const read = (folder: string, name: string) => readFileSync(join(folder, name));
const chunkCount = (folder: string, store: string) =>
  readdirSync(join(folder, store), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".cacnk"),
  ).length;

describe("command lines of desync", () => {
  test("help tells of a command, as -h behind it does", async () => {
    const folder = freshFolder();
    const told = await front(folder, "help cache");
    expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining("Usage: desync cache") });
    expect(await front(folder, "cache -h")).toEqual(told);
  });

  test("make, extract, cat, chunk, list-chunks and verify-index", async () => {
    const folder = withBlob();
    expect(await front(folder, "make -s s.castr -m 4:16:64 a.caibx blob")).toMatchObject({ code: 0 });
    expect(await front(folder, "extract a.caibx out -store=s.castr -n 5")).toMatchObject({ code: 0 });
    expect(read(folder, "out").equals(read(folder, "blob"))).toBe(true);
    const cat = await front(folder, "cat -s s.castr -o 1000 -l 100 a.caibx");
    expect(cat.stdout.equals(read(folder, "blob").subarray(1000, 1100))).toBe(true);
    const listed = (await front(folder, "list-chunks a.caibx")).stdout.toString().trim().split("\n");
    const cut = (await front(folder, "chunk -m 4:16:64 blob")).stdout.toString().trim().split("\n");
    expect(cut.map((line) => line.split("\t")[2])).toEqual(listed);
    expect((await front(folder, "verify-index a.caibx blob")).code).toBe(0);
    truncateSync(join(folder, "out"), 5);
    expect((await front(folder, "verify-index a.caibx out")).code).toBe(1);
  });

  test("chop, cache, verify and prune", async () => {
    const folder = withBlob();
    await front(folder, "make a.caibx blob");
    expect((await front(folder, "chop -s s.castr a.caibx blob")).code).toBe(0);
    expect((await front(folder, "cache -s s.castr -c t.castr a.caibx")).code).toBe(0);
    const count = chunkCount(folder, "s.castr");
    expect(chunkCount(folder, "t.castr")).toBe(count);
    const [shard] = readdirSync(join(folder, "t.castr"));
    const [name] = readdirSync(join(folder, "t.castr", shard!));
    truncateSync(join(folder, "t.castr", shard!, name!), 9);
    const verified = await front(folder, "verify -s t.castr -r");
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining(name!.slice(0, 64))]);
    expect(chunkCount(folder, "t.castr")).toBe(count - 1);
    writeFileSync(join(folder, "small"), "small");
    await front(folder, "make b.caibx small");
    expect((await front(folder, "prune -s s.castr b.caibx", "\nn\n")).code).toBe(0);
    expect(chunkCount(folder, "s.castr")).toBe(count);
    expect((await front(folder, "prune -s s.castr b.caibx", "what\ny\n")).code).toBe(0);
    expect(chunkCount(folder, "s.castr")).toBe(0);
    rmSync(join(folder, "t.castr"), { recursive: true });
    expect((await front(folder, "cache -s s.castr -c t.castr a.caibx")).code).toBe(1);
  });

  test("tar and untar, archives and indexes", async () => {
    const folder = withBlob();
    mkdirSync(join(folder, "tree/sub"), { recursive: true });
    cpSync(join(folder, "blob"), join(folder, "tree/sub/blob"));
    symlinkSync("blob", join(folder, "tree/sub/link"));
    expect((await front(folder, "tar a.catar tree")).code).toBe(0);
    expect((await front(folder, "tar -i -s s.castr a.caidx tree")).code).toBe(0);
    expect((await front(folder, "untar a.catar one")).code).toBe(0);
    expect((await front(folder, "untar -i -s s.castr a.caidx two")).code).toBe(0);
    for (const tree of ["one", "two"])
      expect((await front(folder, `tar - ${tree}`)).stdout.equals(read(folder, "a.catar"))).toBe(true);
  });

  test("info, inspect-chunks and config", async () => {
    const folder = withBlob();
    await front(folder, "make -s s.castr a.caibx blob");
    const info = JSON.parse((await front(folder, "info -s s.castr a.caibx")).stdout.toString());
    expect(info).toMatchObject({ size: 900_000, "in-store": info.unique, "in-cache": 0 });
    const inspected = JSON.parse(
      (await front(folder, "inspect-chunks -s s.castr a.caibx")).stdout.toString(),
    );
    expect(inspected.length).toBe(info.total);
    expect(inspected[0].compressed_size).toBeGreaterThan(0);
    const withoutStore = (await front(folder, "inspect-chunks -s blob a.caibx")).stdout.toString();
    expect(JSON.parse(withoutStore)[0]).not.toHaveProperty("compressed_size");
    writeFileSync(
      join(folder, "c.json"),
      JSON.stringify({ "store-options": { "s.castr": { uncompressed: true } } }),
    );
    expect(JSON.parse((await front(folder, "--config c.json config")).stdout.toString())).toHaveProperty(
      "store-options",
    );
    await front(folder, "make --config c.json -s s.castr a.caibx blob");
    const plain = readdirSync(join(folder, "s.castr"), { recursive: true, encoding: "utf8" });
    expect(plain.filter((name) => /\/[0-9a-f]{64}$/.test(name)).length).toBe(info.unique);
  });

  test("the environment says how progress is shown", async () => {
    const folder = withBlob();
    const lines = { DESYNC_ENABLE_PARSABLE_PROGRESS: "1" };
    const shown = async (line: string, env = {}) => (await front(folder, line, "", env)).stderr;
    expect(await shown("make -s s.castr a.caibx blob", lines)).toMatch(
      /^Chunking +0\.00%\n(?:Chunking .*\n)*Chunking 100\.00% 0s\n$/,
    );
    for (const [line, name] of [
      ["extract -s s.castr a.caibx out", "Assembling"],
      ["verify-index a.caibx blob", "Verifying"],
      ["chop -s t.castr a.caibx blob", "Chopping"],
      ["cache -s s.castr -c t.castr a.caibx", "Copying"],
    ] as const)
      expect(await shown(line, lines)).toMatch(
        new RegExp(`^${name} +0\\.00%\n.*${name} 100\\.00% 0s\n$`, "s"),
      );
    mkdirSync(join(folder, "tree"));
    await front(folder, "tar -i -s s.castr a.caidx tree");
    const unpacked = await shown("untar -i -s s.castr a.caidx two", { DESYNC_PROGRESSBAR_ENABLED: "1" });
    expect(unpacked).toMatch(/^\rUnpacking +0\.00%.*\rUnpacking 100\.00% 0s.*\n$/s);
    expect(await shown("extract -s s.castr a.caibx out")).toBe("");
    // What cannot be known is not told.
    const piped = await front(folder, "make -", "x", lines);
    expect(piped.code).toBe(1);
    expect((await front(folder, "make a.caibx -", "x", lines)).stderr).toBe("Chunking\nChunking\n");
  });

  test("an encrypted store is read by its key alone", async () => {
    const folder = withBlob();
    const settings = { encryption: true, "encryption-key": "ab".repeat(32) };
    writeFileSync(join(folder, "c.json"), JSON.stringify({ "store-options": { "*.castr": settings } }));
    await front(folder, "make --config c.json -s s.castr a.caibx blob");
    expect((await front(folder, "extract --config c.json -s s.castr a.caibx out")).code).toBe(0);
    expect((await front(folder, "extract -s s.castr a.caibx other")).code).toBe(1);
  });

  test("mistakes end with 1 and say what was wrong", async () => {
    const folder = withBlob();
    for (const [line, said] of [
      ["nonsense", "unknown command"],
      ["extract a", "usage: desync extract"],
      ["make --nonsense a blob", "--nonsense"],
      ["make -m 1:2 a blob", "-m takes"],
      ["extract a.caibx out", "a.caibx"],
      ["extract a a -s s.castr", "the same"],
      ["extract a b -s s.castr --skip-invalid-seeds --regenerate-invalid-seeds", "exclude one another"],
    ] as const) {
      const { code, stderr } = await front(folder, line);
      expect([line, code, stderr]).toEqual([line, 1, expect.stringContaining(said)]);
    }
    expect((await front(folder, "make -h")).stderr).toContain("--chunk-size");
  });
});

const { describe: describeReal } = unless(missing("desync"));

describeReal("desync itself", () => {
  test("makes the same chunks and archives, and reads ours", async () => {
    const folder = withBlob();
    await front(folder, "make -s s.castr a.caibx blob");
    expect(real(folder, "extract -s s.castr a.caibx out")).toMatchObject({ code: 0 });
    expect(read(folder, "out").equals(read(folder, "blob"))).toBe(true);
    expect(real(folder, "verify -s s.castr")).toMatchObject({ code: 0 });
    expect(real(folder, "make -s t.castr b.caibx blob")).toMatchObject({ code: 0 });
    expect(await front(folder, "extract -s t.castr b.caibx out2")).toMatchObject({ code: 0 });
    expect(read(folder, "a.caibx").equals(read(folder, "b.caibx"))).toBe(true);
    // The index of an archive says what that keeps.
    mkdirSync(join(folder, "tree"));
    expect((await front(folder, "tar a.catar tree")).code).toBe(0);
    await front(folder, "make c.caibx a.catar");
    real(folder, "make d.caibx a.catar");
    expect(read(folder, "c.caibx").equals(read(folder, "d.caibx"))).toBe(true);
  });

  test("tells the same facts", async () => {
    const folder = withBlob();
    const half = read(folder, "blob").subarray(0, 500_000);
    writeFileSync(join(folder, "half"), Buffer.concat([half, xorshiftBytes(12, 300_000)]));
    for (const name of ["blob", "half"]) await front(folder, `make -s s.castr ${name}.caibx ${name}`);
    await front(folder, "cache -s s.castr -c t.castr half.caibx");
    const inspect = "inspect-chunks -s s.castr blob.caibx";
    await front(folder, `${inspect} sizes.json`);
    const looks = "-s s.castr -c t.castr --seed half.caibx --chunks-info sizes.json blob.caibx";
    for (const line of [
      "info -s s.castr blob.caibx",
      `info ${looks}`,
      `info -f plain ${looks}`,
      "inspect-chunks blob.caibx",
      inspect,
      "extract --print-stats --seed half.caibx -s s.castr blob.caibx out",
      "extract -k --print-stats -s s.castr blob.caibx out",
    ]) {
      const theirs = real(folder, line);
      if (!line.includes("-k")) rmSync(join(folder, "out"), { force: true });
      const ours = await front(folder, line);
      expect([line, ours.code, ours.stdout.toString()]).toEqual([
        line,
        theirs.code,
        theirs.stdout.toString(),
      ]);
    }
    for (const line of ["info -f other blob.caibx", "info none.caibx"])
      expect([(await front(folder, line)).code, real(folder, line).code]).toEqual([1, 1]);
    const lines = { DESYNC_ENABLE_PARSABLE_PROGRESS: "1" };
    const line = "make -s t.castr blob.caibx blob";
    const [ours, theirs] = [(await front(folder, line, "", lines)).stderr, real(folder, line, lines).stderr];
    for (const text of [ours, theirs])
      expect(text).toMatch(/^Chunking .*%\n(?:.*\n)*Chunking +100\.00% 0s\n/);
  });

  test("packs and unpacks the same trees", async () => {
    const folder = withBlob();
    mkdirSync(join(folder, "tree/sub"), { recursive: true });
    cpSync(join(folder, "blob"), join(folder, "tree/sub/blob"));
    await front(folder, "tar -i -s s.castr a.caidx tree");
    expect(real(folder, "tar -i -s t.castr b.caidx tree")).toMatchObject({ code: 0 });
    expect(read(folder, "a.caidx").equals(read(folder, "b.caidx"))).toBe(true);
    mkdirSync(join(folder, "one"));
    expect(real(folder, "untar -i -s s.castr a.caidx one")).toMatchObject({ code: 0, stderr: "" });
    expect(await front(folder, "untar -i -s t.castr b.caidx two")).toMatchObject({ code: 0 });
    for (const tree of ["one", "two"])
      expect(read(folder, `${tree}/sub/blob`).equals(read(folder, "blob"))).toBe(true);
  });

  test("turns tar archives into the same archives, and tells them alike", async () => {
    const folder = withBlob();
    mkdirSync(join(folder, "tree/sub"), { recursive: true });
    cpSync(join(folder, "blob"), join(folder, "tree/sub/blob"));
    spawnSync("tar", ["-cf", "a.tar", "tree"], { cwd: folder });
    expect((await front(folder, "tar --input-format tar a.catar a.tar")).code).toBe(0);
    expect(real(folder, "tar --input-format tar b.catar a.tar")).toMatchObject({ code: 0 });
    expect(read(folder, "a.catar").equals(read(folder, "b.catar"))).toBe(true);
    const told = (await front(folder, "mtree a.catar")).stdout.toString();
    // Its times lack zeros where there are no digits.
    expect(told.replaceAll("000000000\n", "        0\n").split("\n")[1]).toBe(
      real(folder, "mtree b.catar").stdout.toString().split("\n")[1],
    );
    expect((await front(folder, "untar --output-format gnu-tar a.catar c.tar")).code).toBe(0);
    const files = spawnSync("tar", ["-xOf", "c.tar", "sub/blob"], { cwd: folder, maxBuffer: 2 ** 21 });
    expect(files.stdout.equals(read(folder, "blob"))).toBe(true);
  });
});

const { describe: describeCasync } = unless(missing("casync"));

describeCasync("casync itself", () => {
  const casync = (folder: string, line: string) =>
    spawnSync("casync", line.split(" "), { cwd: folder, env: { ...process.env, TMPDIR: folder } });

  test("makes the same index of a blob, and reads ours", async () => {
    const folder = withBlob();
    await front(folder, "make -s s.castr a.caibx blob");
    expect(casync(folder, "make --store=t.castr b.caibx blob").status).toBe(0);
    expect(casync(folder, "extract --store=s.castr a.caibx out").status).toBe(0);
    expect(read(folder, "out").equals(read(folder, "blob"))).toBe(true);
    expect(await front(folder, "extract -s t.castr b.caibx out2")).toMatchObject({ code: 0 });
    expect(await front(folder, "verify-index b.caibx out2")).toMatchObject({ code: 0 });
    const ids = async (name: string) => (await front(folder, `list-chunks ${name}`)).stdout;
    expect(await ids("a.caibx")).toEqual(await ids("b.caibx"));
  });
});
