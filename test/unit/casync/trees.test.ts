import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { archiveTree } from "../../../src/casync/archive-tree.node.ts";
import { type CatarEvent, type CatarNode } from "../../../src/casync/catar-node.ts";
import { readCatar } from "../../../src/casync/catar-reader.ts";
import { CatarWriter } from "../../../src/casync/catar-writer.ts";
import { extractTree, type ExtractTreeOptions } from "../../../src/casync/extract-tree.node.ts";
import { casyncTreeFeatures, desyncTreeFeatures } from "../../../src/casync/features.ts";
import { concatBytes } from "../../../src/bytes/compare.ts";
import type { SyncError } from "../../../src/errors.ts";
import { HeldDirs } from "../../../src/tree/disk/calls/held-dirs.node.ts";
import { missing, notRoot, unless } from "../../obstacles.ts";
import { casyncVector, collect, inBlocks } from "./vectors.ts";

function freshFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "rsync-stream-catar-"));
  onTestFinished(() => {
    spawnSync("chmod", ["-R", "u+rwx", folder]);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const archiveOf = async (root: string) => concatBytes(await collect(archiveTree(root)));

async function extract(bytes: Uint8Array, root: string, options: ExtractTreeOptions = {}): Promise<void> {
  await extractTree(await readCatar(inBlocks(bytes, 10_000)), root, options);
}

function plant(root: string): void {
  fs.mkdirSync(join(root, "sub/deep"), { recursive: true });
  fs.mkdirSync(join(root, "empty"), { mode: 0o700 });
  fs.writeFileSync(join(root, "a"), "x".repeat(300_000));
  fs.writeFileSync(join(root, "empty-file"), "");
  fs.writeFileSync(join(root, "sub/deep/b"), "content", { mode: 0o640 });
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/odd`), Buffer.of(0xff, 0x41)]), "odd");
  fs.symlinkSync("../nowhere", join(root, "sub/link"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  fs.chmodSync(join(root, "sub/deep"), 0o555);
  fs.utimesSync(join(root, "a"), 1_000_000_000.5, 1_000_000_000.5);
  fs.utimesSync(join(root, "sub"), -100, -100);
  fs.utimesSync(root, 1, 2_000_000);
}

describe("a tree", () => {
  test("comes back from its archive, and is packed the same again", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(from);
    plant(from);
    const archive = await archiveOf(from);
    await extract(archive, to);
    expect(Buffer.compare(await archiveOf(to), archive)).toBe(0);
  });

  test("loses what a process left in it that was killed, a day later, and nothing else", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(from);
    plant(from);
    const archive = await archiveOf(from);
    const incomplete = `.rsync-stream-${crypto.randomUUID()}`;
    const near = `${incomplete}x`;
    for (const dir of ["sub", "sub/deep"]) fs.mkdirSync(join(to, dir), { recursive: true });
    for (const dir of [".", "sub/deep"])
      for (const name of [incomplete, near]) fs.writeFileSync(join(to, dir, name), "half");
    fs.mkdirSync(join(to, "sub", incomplete));
    const left = () =>
      [".", "sub", "sub/deep"].flatMap((dir) =>
        fs.readdirSync(join(to, dir)).filter((name) => name.startsWith(".rsync-stream-")),
      );
    await extract(archive, to);
    expect(left()).toHaveLength(5);
    const now = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 86_500_000);
    onTestFinished(() => void now.mockRestore());
    await extract(archive, to);
    expect(left()).toEqual([near, incomplete, near]);
  });

  test("comes into directories whose names this user may not see", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(join(from, "sub"), { recursive: true });
    fs.writeFileSync(join(from, "sub/file"), "content");
    const archive = await archiveOf(from);
    fs.mkdirSync(join(to, "sub"), { recursive: true });
    const refused = Object.assign(new Error("EACCES: permission denied"), {
      code: "EACCES",
      syscall: "scandir",
    });
    const names = vi.spyOn(HeldDirs.prototype, "names").mockImplementation(() => {
      throw refused;
    });
    onTestFinished(() => void names.mockRestore());
    await extract(archive, to);
    expect(names).toHaveBeenCalledTimes(2);
    expect(fs.readFileSync(join(to, "sub/file"), "utf8")).toBe("content");
  });

  test("keeps an entry that is named as what is not complete", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(from);
    const name = `.rsync-stream-${crypto.randomUUID()}`;
    fs.writeFileSync(join(from, name), "content");
    const archive = await archiveOf(from);
    const now = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 86_500_000);
    onTestFinished(() => void now.mockRestore());
    for (let time = 0; time < 2; time++) await extract(archive, to);
    expect(fs.readFileSync(join(to, name), "utf8")).toBe("content");
  });

  test("that is right already is left alone, and only what differs is written", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(from);
    plant(from);
    const archive = await archiveOf(from);
    await extract(archive, to);
    const inodes = () => ["a", "sub/deep/b", "sub/link"].map((name) => fs.lstatSync(join(to, name)).ino);
    const before = inodes();
    fs.writeFileSync(join(to, "more"), "stays");
    await extract(archive, to);
    expect(inodes()).toEqual(before);
    expect(fs.readFileSync(join(to, "more"), "utf8")).toBe("stays");
    const changed = Buffer.from("x".repeat(300_000));
    changed[250_000] = 0x79;
    fs.writeFileSync(join(to, "a"), changed);
    await extract(archive, to);
    expect(fs.readFileSync(join(to, "a"), "utf8")).toBe("x".repeat(300_000));
    fs.rmSync(join(to, "more"));
    fs.utimesSync(to, 1, 2_000_000);
    expect(Buffer.compare(await archiveOf(to), archive)).toBe(0);
  });

  test("may lose its times, its specials and its modes", async () => {
    const folder = freshFolder();
    const [from, to] = [join(folder, "from"), join(folder, "to")];
    fs.mkdirSync(from);
    plant(from);
    const left: string[] = [];
    const options = { omitsTimes: true, onSpecial: (path: string) => void left.push(path) };
    const archive = concatBytes(await collect(archiveTree(from, options)));
    expect(left).toEqual(["pipe"]);
    await extract(archive, to, { keepsModes: false, keepsOwners: false });
    expect(fs.statSync(join(to, "a")).mtimeMs).toBe(0);
    expect(fs.statSync(join(to, "sub/deep")).mode & 0o777).toBe(0o777 & ~process.umask());
  });
});

/** For file systems without extended attributes. */
function noXattrs(): string | undefined {
  const folder = fs.mkdtempSync(join(tmpdir(), "rsync-stream-xattr-"));
  const { status } = spawnSync("setfattr", ["-n", "user.a", "-v", "1", folder]);
  fs.rmdirSync(folder);
  return status === 0 ? undefined : "no extended attribute can be set here";
}

const { test: testXattrs } = unless(noXattrs());

testXattrs("extended attributes come back", async () => {
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  fs.mkdirSync(join(from, "dir"), { recursive: true });
  fs.writeFileSync(join(from, "dir/file"), "content");
  for (const [name, value, path] of [
    ["user.b", "of a directory", "dir"],
    ["user.b", "second", "dir/file"],
    ["user.a", "first", "dir/file"],
  ] as const)
    execFileSync("setfattr", ["-n", name, "-v", value, join(from, path)]);
  const archive = await archiveOf(from);
  await extract(archive, to);
  expect(Buffer.compare(await archiveOf(to), archive)).toBe(0);
  const shown = execFileSync("getfattr", ["-d", "--absolute-names", join(to, "dir/file")]).toString();
  expect(shown).toContain('user.a="first"');
});

const { test: testAsRoot } = unless(notRoot ?? noXattrs());

testAsRoot("an archive gives no file capabilities or access", async () => {
  const to = join(freshFolder(), "to");
  const xattrs = ["security.capability", "system.posix_acl_access", "trusted.a", "user.a"].map((name) => ({
    name: Buffer.from(name),
    value: Buffer.from(name === "security.capability" ? `010000020004${"00".repeat(14)}` : "61", "hex"),
  }));
  const troubles: string[] = [];
  const onTrouble = ({ code, detail }: SyncError) => void troubles.push(`${code} ${detail.path}`);
  await extract(archive({ path: "f", content: "1", xattrs }), to, { onTrouble });
  expect(troubles).toEqual(["UNSUPPORTED f"]);
  const names = execFileSync("getfattr", ["-m", "-", "--absolute-names", join(to, "f")]).toString();
  expect(names.split("\n").filter((line) => /^\w+\.\w+$/.test(line))).toEqual(["trusted.a", "user.a"]);
});

/** For file systems without access control lists, and machines without the program. */
function noLists(): string | undefined {
  const folder = fs.mkdtempSync(join(tmpdir(), "rsync-stream-acl-"));
  const { status } = spawnSync("setfacl", ["-m", "u:1:r", folder]);
  fs.rmdirSync(folder);
  return status === 0 ? undefined : "no access control list can be set here";
}

/** What has attributes, lists and owners that casync keeps. */
function plantFacts(root: string): void {
  plant(root);
  const at = (name: string) => join(root, name);
  execFileSync("setfattr", ["-n", "user.b", "-v", "1", at("a")]);
  execFileSync("setfacl", ["-m", "u:daemon:r,u:54321:rw,g:root:r,g:daemon:x,m:rx", at("sub/deep/b")]);
  execFileSync("setfacl", ["-d", "-m", "u:daemon:rw", at("sub")]);
  fs.writeFileSync(at("sub/inherits"), "");
  fs.chownSync(at("a"), 1, 12_345);
  execFileSync("mknod", [at("null"), "c", "1", "3"]);
  execFileSync("setfattr", ["-n", capability[0], "-v", capability[1], at("empty-file")]);
}

const capability = ["security.capability", `0x010000020020${"00".repeat(14)}`] as const;

const { test: testLists } = unless(notRoot ?? noXattrs() ?? noLists());

testLists("access control lists and capabilities come back, and none are inherited", async () => {
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  fs.mkdirSync(from);
  plantFacts(from);
  const pack = async (root: string) =>
    concatBytes(await collect(archiveTree(root, { features: casyncTreeFeatures })));
  const archive = await pack(from);
  // What is made here is given a list that the archive does not have.
  fs.mkdirSync(to);
  execFileSync("setfacl", ["-d", "-m", "u:daemon:rwx", to]);
  await extract(archive, join(to, "tree"), { makesDevices: true });
  expect(Buffer.compare(await pack(join(to, "tree")), archive)).toBe(0);
});

unless(notRoot ?? noXattrs() ?? noLists() ?? missing("casync")).test(
  "an archive with all features is that of casync byte for byte",
  async () => {
    const folder = freshFolder();
    const from = join(folder, "from");
    fs.mkdirSync(from);
    plantFacts(from);
    spawnSync("chattr", ["+d", join(from, "sub/inherits")]);
    execFileSync("casync", ["make", join(folder, "whole.catar"), from], { stdio: "pipe" });
    const archive = concatBytes(await collect(archiveTree(from, { features: casyncTreeFeatures })));
    expect(Buffer.compare(fs.readFileSync(join(folder, "whole.catar")), archive)).toBe(0);
  },
);

const { describe: describeAsRoot } = unless(notRoot);

describeAsRoot("archives of casync", () => {
  test.each(["basic-default", "basic-desync-flags", "basic-by-desync-upstream", "basic-unix"])(
    "%s is unpacked",
    async (name) => {
      const to = join(freshFolder(), "to");
      await extract(casyncVector(`catar/${name}.catar`), to, { makesDevices: true, onTrouble: () => {} });
      expect(fs.readFileSync(join(to, "hello.txt"), "utf8")).toBe("hello world\n");
      expect(fs.readlinkSync(join(to, "link-rel"))).toBe("hello.txt");
    },
  );

  test("basic-desync-flags is packed again byte for byte", async () => {
    const to = join(freshFolder(), "to");
    const archive = casyncVector("catar/basic-desync-flags.catar");
    await extract(archive, to);
    expect(Buffer.compare(await archiveOf(to), archive)).toBe(0);
  });
});

/** An archive of these entries below a root; a directory is left behind its last one. */
function archive(...events: (Partial<CatarNode> & { path: string; content?: string })[]): Uint8Array {
  const writer = new CatarWriter(desyncTreeFeatures);
  const all: CatarEvent[] = [];
  const node = (fields: Partial<CatarNode>, depth: number, name: string): CatarNode => ({
    depth,
    name: Buffer.from(name),
    type: "file",
    mode: 0o755,
    flags: 0n,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    size: 0,
    xattrs: [],
    ...fields,
  });
  all.push({ type: "node", node: node({ type: "dir" }, 0, "") });
  let depth = 1;
  for (const { path, content = "", ...fields } of events) {
    const names = path.split("/");
    for (; depth > names.length; depth--) all.push({ type: "leave" });
    all.push({ type: "node", node: node({ ...fields, size: content.length }, names.length, names.at(-1)!) });
    if (content !== "") all.push({ type: "content", bytes: Buffer.from(content) });
    if (fields.type === "dir") depth++;
  }
  for (; depth > 0; depth--) all.push({ type: "leave" });
  return concatBytes(
    all.map((event) =>
      event.type === "node"
        ? writer.enter(event.node)
        : event.type === "leave"
          ? writer.leave()
          : event.bytes,
    ),
  );
}

describe("nothing is made outside of the root by an archive that", () => {
  test("has a link and then a directory of its name with a file in it", async () => {
    const folder = freshFolder();
    fs.mkdirSync(join(folder, "outside"));
    const target = Buffer.from(join(folder, "outside"));
    const bytes = archive(
      { path: "x", type: "symlink", mode: 0o777, target },
      { path: "x", type: "dir" },
      { path: "x/file", content: "planted" },
    );
    await extract(bytes, join(folder, "root"));
    expect(fs.readdirSync(join(folder, "outside"))).toEqual([]);
    expect(fs.readFileSync(join(folder, "root/x/file"), "utf8")).toBe("planted");
  });

  test("finds links in the root where it has directories and files", async () => {
    const folder = freshFolder();
    for (const name of ["outside", "root"]) fs.mkdirSync(join(folder, name));
    fs.writeFileSync(join(folder, "outside/secret"), "secret");
    fs.symlinkSync(join(folder, "outside"), join(folder, "root/dir"));
    fs.symlinkSync(join(folder, "outside/secret"), join(folder, "root/file"));
    await extract(
      archive(
        { path: "dir", type: "dir" },
        { path: "dir/secret", content: "new" },
        { path: "file", content: "other!" },
      ),
      join(folder, "root"),
    );
    expect(fs.readFileSync(join(folder, "outside/secret"), "utf8")).toBe("secret");
    expect(fs.lstatSync(join(folder, "root/file")).isFile()).toBe(true);
  });

  test("breaks off in the middle of a file, and that file is not there", async () => {
    const folder = freshFolder();
    const bytes = archive({ path: "done", content: "done" }, { path: "half", content: "x".repeat(1000) });
    const cut = bytes.subarray(0, bytes.length - 500);
    await expect(extract(cut, join(folder, "root"))).rejects.toMatchObject({ code: "TRUNCATED" });
    expect(fs.readdirSync(join(folder, "root"))).toEqual(["done"]);
  });

  test("has something else where a full directory is", async () => {
    const folder = freshFolder();
    fs.mkdirSync(join(folder, "root/x"), { recursive: true });
    fs.writeFileSync(join(folder, "root/x/precious"), "");
    for (const type of ["file", "symlink"] as const) {
      const bytes = archive({
        path: "x",
        type,
        mode: 0o777,
        ...(type === "symlink" && { target: Buffer.from("y") }),
      });
      await expect(extract(bytes, join(folder, "root"))).rejects.toMatchObject({ code: "IO" });
    }
    expect(fs.existsSync(join(folder, "root/x/precious"))).toBe(true);
  });
});

test("devices are made only when that is asked for", async () => {
  const folder = freshFolder();
  const bytes = archive({ path: "null", type: "char", device: { major: 1, minor: 3 } });
  await expect(extract(bytes, join(folder, "root"))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const troubles: unknown[] = [];
  await extract(bytes, join(folder, "root"), { onTrouble: (error) => void troubles.push(error) });
  expect(troubles.length).toBe(1);
  expect(fs.readdirSync(join(folder, "root"))).toEqual([]);
});

unless(notRoot).test("a device and a socket may have names of any bytes", async () => {
  const root = join(freshFolder(), "root");
  const [odd, sock] = [Buffer.of(0x6e, 0xff), Buffer.of(0xfe)];
  const bytes = archive(
    { path: "a", name: odd, type: "char", device: { major: 1, minor: 3 } },
    { path: "b", name: sock, type: "socket" },
  );
  await extract(bytes, root, { makesDevices: true });
  const at = (name: Buffer) => fs.lstatSync(Buffer.concat([Buffer.from(`${root}/`), name]));
  expect(at(odd)).toMatchObject({ rdev: 0x103 });
  expect(at(sock).isSocket()).toBe(true);
});

const { test: testCasync } = unless(missing("casync"));

testCasync("casync unpacks what is packed here, and packs it the same", async () => {
  const folder = freshFolder();
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  fs.mkdirSync(from);
  plant(from);
  const catar = join(folder, "tree.catar");
  fs.writeFileSync(catar, await archiveOf(from));
  fs.mkdirSync(to);
  execFileSync("casync", ["extract", catar, to], { stdio: "pipe" });
  expect(Buffer.compare(await archiveOf(to), fs.readFileSync(catar))).toBe(0);
  const features = "32bit-uids nsec-time permissions symlinks device-nodes fifos sockets xattrs".split(" ");
  const again = join(folder, "again.catar");
  execFileSync("casync", ["make", ...features.map((name) => `--with=${name}`), again, from], {
    stdio: "pipe",
  });
  expect(Buffer.compare(fs.readFileSync(again), fs.readFileSync(catar))).toBe(0);
});
