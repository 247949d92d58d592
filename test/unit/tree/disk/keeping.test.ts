import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { afterEach, describe, expect, test, type TestContext, vi } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreePreview, type TreePreviewOptions } from "../../../../src/tree/disk/target/preview.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { plainKeep } from "../../../../src/tree/plan/keep.ts";
import type { TreeTargetOptions } from "../../../../src/tree/disk/target/target-options.node.ts";
import * as times from "../../../../src/tree/disk/calls/times.node.ts";
import type { TreeChange } from "../../../../src/tree/entry/entry.ts";
import { noise, tempDir } from "./disk-tree.ts";
import { syncTrees } from "./sync-trees.ts";
import { missing, notLinux, notRoot, skipFor, unless } from "../../../obstacles.ts";

vi.mock(import("../../../../src/tree/disk/calls/times.node.ts"), { spy: true });
afterEach(() => vi.restoreAllMocks());

interface Synced {
  readonly unkept: string[];
  readonly troubles: string[];
  readonly changed: string[];
  readonly sentBytes: number;
  readonly nothing: number;
}

/** What would become of which path, with nothing written. */
async function foretold(
  from: string,
  to: string,
  options: TreePreviewOptions = {},
): Promise<[string, string][]> {
  const told: [string, string][] = [];
  const onChange = ({ change, path }: TreeChange): void => void told.push([change, path]);
  const source = await openTreeSource(`${from}/`, { keep: options.keep });
  await syncTrees(source, openTreePreview(to, { ...options, onChange }));
  return told;
}

async function sync(from: string, to: string, options: TreeTargetOptions = {}): Promise<Synced> {
  const unkept: string[] = [];
  const changed: string[] = [];
  const target = await openTreeTarget(to, {
    ...options,
    onUnkept: (what) => void unkept.push(what),
    onChange(change) {
      changed.push(change.path);
      options.onChange?.(change);
    },
  });
  const source = await openTreeSource(`${from}/`, { keep: options.keep });
  const { needs, sentBytes, troubles } = await syncTrees(source, target);
  return { unkept, troubles: troubles.map(String), changed, sentBytes, nothing: needs.nothing };
}

/** What is not kept, as it is said with nothing written. */
async function foretoldUnkept(from: string, to: string, options: TreePreviewOptions = {}): Promise<string[]> {
  const unkept: string[] = [];
  await foretold(from, to, { ...options, onUnkept: (what) => void unkept.push(what) });
  return unkept.toSorted();
}

/** Nine entries of which four are files. */
function fill(root: string): void {
  fs.mkdirSync(`${root}/dir/private`, { recursive: true });
  fs.writeFileSync(`${root}/small`, "hello", { mode: 0o600 });
  fs.writeFileSync(`${root}/dir/large`, noise(300_000, 1), { mode: 0o640 });
  fs.writeFileSync(`${root}/dir/private/script`, "#!/bin/sh\n", { mode: 0o755 });
  fs.writeFileSync(`${root}/zeros`, Buffer.alloc(20_000));
  fs.chmodSync(`${root}/dir/private`, 0o700);
  fs.symlinkSync("none", `${root}/link`);
  fs.symlinkSync("small", `${root}/dir/link`);
  for (const [i, name] of [".", "dir", "dir/private", "small", "dir/large", "zeros"].entries()) {
    fs.utimesSync(`${root}/${name}`, 5, 1_400_000_001.7 + i);
  }
}

function expectContent(from: string, to: string): void {
  for (const name of ["small", "dir/large", "dir/private/script", "zeros"]) {
    expect(fs.readFileSync(`${to}/${name}`).equals(fs.readFileSync(`${from}/${name}`))).toBe(true);
  }
  expect(fs.readlinkSync(`${to}/link`)).toBe("none");
  expect(fs.readdirSync(to).sort()).toEqual(["dir", "link", "small", "zeros"]);
}

const refusal = (code: string): Error => Object.assign(new Error(code), { code, syscall: "fchmod" });

describe("a place without modes", () => {
  test.each<[string, () => void]>([
    ["ignores them", () => {}],
    ...["EPERM", "ENOTSUP", "ENOSYS", "EINVAL"].map((code): [string, () => void] => [
      `refuses them with ${code}`,
      () => {
        throw refusal(code);
      },
    ]),
  ])("and %s: all else arrives, it is told once, and nothing is sent again", async (_, answer) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    vi.spyOn(fs, "fchmodSync").mockImplementation(answer);
    vi.spyOn(fs, "chmodSync").mockImplementation(answer);
    expect(await sync(from, to)).toMatchObject({ unkept: ["modes"], troubles: [] });
    expectContent(from, to);
    const byContent: TreeTargetOptions = { rule: { equality: "content" } };
    expect((await sync(from, to, byContent)).changed).not.toContain("dir/large");
    fs.writeFileSync(`${from}/dir/private/more`, "x", { mode: 0o604 });
    const again = await sync(from, to);
    expect(again).toMatchObject({ troubles: [], sentBytes: 1, nothing: 9 });
  });
});

type SetTime = (sec: number, nsec: number, set: (sec: number, nsec: number) => void) => void;

/** Puts something between every call that sets a time and the file system. */
function interfere(setHandle: SetTime, setAt: SetTime, setters = times.timeSetters()): void {
  vi.mocked(times.timeSetters).mockReturnValue(
    setters.map((real) => ({
      setHandle: (fd, sec, nsec) => setHandle(sec, nsec, (...to) => real.setHandle(fd, ...to)),
      setAt: (at, sec, nsec) => setAt(sec, nsec, (...to) => real.setAt(at, ...to)),
    })),
  );
}

const ignore: SetTime = () => {};
const keep: SetTime = (sec, nsec, set) => set(sec, nsec);
const refuse: SetTime = () => {
  throw refusal("EPERM");
};
const cutTo =
  (unitNsec: number): SetTime =>
  (sec, nsec, set) =>
    unitNsec < 1e9 ? set(sec, nsec - (nsec % unitNsec)) : set(sec - (sec % (unitNsec / 1e9)), 0);

describe("a place that keeps times in its own way", () => {
  test.each<[string, SetTime, SetTime]>([
    ["cut to 100 ns", cutTo(100), cutTo(100)],
    ["cut to 10 ms", cutTo(10_000_000), cutTo(10_000_000)],
    ["cut to a second", cutTo(1_000_000_000), cutTo(1_000_000_000)],
    ["cut to two seconds", cutTo(2_000_000_000), cutTo(2_000_000_000)],
    ["ignored for open files", ignore, keep],
    ["refused for open files, cut to a second by name", refuse, cutTo(1_000_000_000)],
  ])("%s: a second run sends nothing", async (_, setHandle, setAt) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    interfere(setHandle, setAt);
    expect(await sync(from, to)).toMatchObject({ unkept: [], troubles: [] });
    expectContent(from, to);
    const sec = (root: string): number => Math.floor(fs.statSync(`${root}/dir/large`).mtimeMs / 1000);
    expect(sec(from) - sec(to)).toBeLessThan(2);
    expect(sec(from) - sec(to)).toBeGreaterThanOrEqual(0);
    const second = await sync(from, to);
    expect(second).toMatchObject({ unkept: [], troubles: [], changed: [], sentBytes: 0, nothing: 9 });
    const byContent = await sync(from, to, { rule: { equality: "content" } });
    expect(byContent.changed).not.toContain("dir/large");
  });

  test.each<[string, SetTime]>([
    ["ignored", ignore],
    ["refused", refuse],
  ])("%s at all: content arrives, it is told once, and no content is sent again", async (_, answer) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    interfere(answer, answer);
    const { unkept, troubles } = await sync(from, to);
    expect([unkept.sort(), troubles]).toEqual([["times", "times of links"], []]);
    expectContent(from, to);
    const again = await sync(from, to);
    expect(again).toMatchObject({ troubles: [], sentBytes: 0 });
    expect(again.changed.filter((path) => path.endsWith("link"))).toEqual([]);
  });

  test("kept only by Node's own calls, as where a time cannot be left alone", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    const deaf = { setHandle: () => {}, setAt: () => {} };
    vi.mocked(times.timeSetters).mockReturnValue([deaf, times.nodeTimes]);
    expect(await sync(from, to)).toMatchObject({ unkept: [], troubles: [] });
    expect(await sync(from, to)).toMatchObject({ troubles: [], sentBytes: 0, nothing: 9 });
  });
});

unless(notLinux ?? notRoot).test(
  "a place that sets of links what they lead to has links, and nothing is set of that",
  async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fill(from);
    const outside = `${temp.path}/outside`;
    fs.writeFileSync(outside, "");
    fs.symlinkSync(outside, `${from}/outside`);
    fs.lchownSync(`${from}/outside`, 1234, 1234);
    // As over SFTP: a link is followed.
    const follow = (path: fs.PathLike, owner: number, group: number): void =>
      fs.chownSync(path, owner, group);
    vi.spyOn(fs, "lchownSync").mockImplementation(follow);
    const keepsOwner = { ...plainKeep, owner: true, group: true };
    const { unkept, troubles } = await sync(from, to, { keep: keepsOwner });
    expect([unkept.sort(), troubles]).toEqual([["owners of links", "times of links"], []]);
    expect(fs.statSync(outside).uid).toBe(0);
    fs.unlinkSync(`${to}/outside`);
    expectContent(from, to);
    expect(fs.readlinkSync(`${to}/dir/link`)).toBe("small");
  },
);

test("whoever may not let everybody write does not, and it is no difference afterwards", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  fs.mkdirSync(`${from}/dir`, { recursive: true });
  fs.writeFileSync(`${from}/dir/file`, "x");
  fs.chmodSync(`${from}/dir/file`, 0o666);
  fs.chmodSync(`${from}/dir`, 0o777);
  expect(await sync(from, to, { worldWritable: false })).toMatchObject({ unkept: [], troubles: [] });
  const modes = (): number[] => [to, `${to}/dir`, `${to}/dir/file`].map((at) => fs.statSync(at).mode & 0o777);
  expect(modes()).toEqual([0o755, 0o775, 0o664]);
  expect(await sync(from, to, { worldWritable: false })).toMatchObject({ nothing: 3 });
  fs.chmodSync(`${to}/dir`, 0o777); // the owner's decision
  await sync(from, to, { worldWritable: false });
  expect(modes()).toEqual([0o755, 0o777, 0o664]);
  await sync(from, to);
  expect(modes()).toEqual([0o755, 0o777, 0o666]);
});

test("special bits stay at directories, and at files that are to have them", async () => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  for (const root of [from, to]) {
    fs.mkdirSync(`${root}/shared`, { recursive: true });
    fs.mkdirSync(`${root}/plain`);
    for (const name of ["both", "here"]) {
      fs.writeFileSync(`${root}/${name}`, "x");
      fs.utimesSync(`${root}/${name}`, 5, 5);
    }
    fs.chmodSync(`${root}/both`, 0o4755);
  }
  fs.chmodSync(`${from}/shared`, 0o2775);
  fs.chmodSync(`${to}/shared`, 0o2755);
  fs.chmodSync(`${to}/plain`, 0o3700);
  fs.chmodSync(`${from}/here`, 0o755);
  fs.chmodSync(`${to}/here`, 0o4755);
  await sync(from, to);
  const modes = ["shared", "plain", "both", "here"].map((name) => fs.statSync(`${to}/${name}`).mode & 0o7777);
  expect(modes).toEqual([0o2775, 0o3755, 0o4755, 0o755]);
  // A file that is replaced never gets them.
  fs.writeFileSync(`${from}/both`, "other");
  fs.chmodSync(`${from}/both`, 0o4755);
  await sync(from, to);
  expect(fs.statSync(`${to}/both`).mode & 0o7777).toBe(0o755);
});

test("a default ACL decides no mode", async (context) => {
  using temp = tempDir();
  const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
  fs.mkdirSync(from);
  fs.mkdirSync(to);
  fill(from);
  const acl = spawnSync("setfacl", ["-d", "-m", "u::rwx,g::---,o::---", to]);
  skipFor(context, acl.status === 0 ? undefined : "no ACLs can be set here");
  expect(await sync(from, to)).toMatchObject({ unkept: [], troubles: [] });
  for (const name of ["dir", "dir/private", "small", "dir/large", "dir/private/script", "zeros"]) {
    expect([name, fs.statSync(`${to}/${name}`).mode]).toEqual([name, fs.statSync(`${from}/${name}`).mode]);
  }
});

unless(notRoot ?? missing("bindfs", "fusermount")).test.for([
  ["--perms=0644:d+x", "--chmod-ignore"],
  ["--perms=0644:d+x"],
  ["--chmod-deny"],
  ["-o", "chmod-ignore"],
])(
  "a view with %s, which keeps no modes: neither run tells them, each says so once",
  async (options, context) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    for (const dir of [from, to, `${temp.path}/seen`]) fs.mkdirSync(dir);
    const mounted = spawnSync("bindfs", [...options, `${temp.path}/seen`, to]);
    skipFor(context, mounted.status === 0 ? undefined : "nothing can be mounted by FUSE");
    try {
      for (const [i, mode] of [0o600, 0o755, 0o640, 0o444].entries())
        fs.writeFileSync(`${from}/${i}`, "x", { mode });
      fs.mkdirSync(`${from}/dir`, { mode: 0o700 });
      expect(await foretoldUnkept(from, to)).toEqual(["modes"]);
      expect(await sync(from, to)).toMatchObject({ unkept: ["modes"], troubles: [] });
      fs.chmodSync(`${from}/dir`, 0o511);
      const unkept: string[] = [];
      expect(await foretold(from, to, { onUnkept: (what) => void unkept.push(what) })).toEqual([]);
      expect(unkept).toEqual(["modes"]);
      expect(await sync(from, to)).toMatchObject({ changed: [], troubles: [], unkept });
    } finally {
      spawnSync("fusermount", ["-u", to]);
    }
  },
);

unless(notRoot ?? missing("bindfs", "fusermount")).test.for([
  "--force-user=1",
  "--force-group=1",
  "--chown-deny",
  "--chown-ignore",
  "-oro,chown-deny,rw",
  "-g1",
])(
  "a view with %s: owners are no change at each run, dry or not, and are said to be not kept",
  async (option, context) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    for (const dir of [from, to, `${temp.path}/seen`]) fs.mkdirSync(dir);
    const mounted = spawnSync("bindfs", [option, `${temp.path}/seen`, to]);
    skipFor(context, mounted.status === 0 ? undefined : "nothing can be mounted by FUSE");
    try {
      fs.mkdirSync(`${from}/dir`);
      for (const path of ["a", "dir/b"]) fs.writeFileSync(`${from}/${path}`, "x");
      fs.symlinkSync("a", `${from}/link`);
      for (const path of ["a", "dir", "dir/b", "link"]) fs.lchownSync(`${from}/${path}`, 1001, 1002);
      const keep = { owner: true, group: true, numericIds: true };
      expect(await foretoldUnkept(from, to, { keep })).toEqual(["owners"]);
      expect(await sync(from, to, { keep })).toMatchObject({ unkept: ["owners"], troubles: [] });
      const unkept: string[] = [];
      const onUnkept = (what: string): void => void unkept.push(what);
      const told = await foretold(from, to, { keep, onUnkept });
      expect(await sync(from, to, { keep })).toMatchObject({ changed: told.map(([, path]) => path), unkept });
      expect(unkept).toEqual(["owners"]);
      if (option.includes("chown")) expect(fs.statSync(`${to}/a`).gid).toBe(1002);
    } finally {
      spawnSync("fusermount", ["-u", to]);
    }
  },
);

unless(notRoot ?? missing("mkfs.ntfs", "ntfs-3g", "fusermount")).test.for([
  [[], ["modes", "owners"]],
  [
    ["-o", "uid=7,umask=022"],
    ["modes", "owners"],
  ],
  [["-o", "permissions"], []],
] as const)(
  "NTFS with %j: neither run tells what is not kept as a change, each says once that it is %j",
  async ([options, expected], context) => {
    using temp = tempDir();
    const [from, at, image] = [`${temp.path}/from`, `${temp.path}/at`, `${temp.path}/image`];
    for (const dir of [from, at]) fs.mkdirSync(dir);
    fs.writeFileSync(image, "");
    fs.truncateSync(image, 16 << 20);
    const isMade = spawnSync("mkfs.ntfs", ["-F", "-q", image]).status === 0;
    const mounted = isMade && spawnSync("ntfs-3g", [...options, image, at]).status === 0;
    skipFor(context, mounted ? undefined : "no NTFS can be mounted");
    try {
      fill(from);
      fs.chownSync(`${from}/small`, 1001, 1002);
      const keep = { owner: true, group: true, numericIds: true };
      for (const to of [at, `${at}/to`]) {
        expect(await foretoldUnkept(from, to, { keep })).toEqual(expected);
        expect((await sync(from, to, { keep })).unkept.toSorted()).toEqual(expected);
        expect(await foretold(from, to, { keep })).toEqual([]);
        const again = await sync(from, to, { keep });
        expect([again.changed, again.unkept.toSorted()]).toEqual([[], expected]);
        expect(await foretoldUnkept(from, to, { keep })).toEqual(expected);
      }
    } finally {
      spawnSync("fusermount", ["-u", at]);
    }
  },
);

unless(notRoot ?? missing("mkfs.exfat", "mount.exfat-fuse")).describe("an exFAT volume", () => {
  interface Volume extends Disposable {
    readonly path: string;
  }

  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: "utf8" });

  /** Mounts a new one. */
  function mountAt(context: TestContext, path: string): Volume {
    const image = `${path}.image`;
    fs.mkdirSync(path, { recursive: true });
    fs.writeFileSync(image, "");
    fs.truncateSync(image, 32 << 20);
    expect(run("mkfs.exfat", image).status).toBe(0);
    const loop = run("losetup", "-f", "--show", image);
    skipFor(context, loop.status === 0 ? undefined : "there is no loop device");
    const device = loop.stdout.trim();
    const { status } = run("mount.exfat-fuse", "-o", "umask=0", device, path);
    if (status !== 0) run("losetup", "-d", device);
    skipFor(context, status === 0 ? undefined : "exFAT cannot be mounted");
    return {
      path,
      [Symbol.dispose]() {
        run("umount", path);
        run("losetup", "-d", device);
        fs.unlinkSync(image);
      },
    };
  }

  test("receives content, and a second run finds nothing to send", async (context) => {
    using temp = tempDir();
    using volume = mountAt(context, `${temp.path}/to`);
    const [from, to] = [`${temp.path}/from`, volume.path];
    fs.mkdirSync(from);
    fill(from);
    for (const link of ["link", "dir/link"]) fs.unlinkSync(`${from}/${link}`);
    expect(await sync(from, to)).toMatchObject({ unkept: ["modes"], troubles: [] });
    expect(fs.readFileSync(`${to}/dir/large`).equals(noise(300_000, 1))).toBe(true);
    expect(await sync(from, to)).toMatchObject({ troubles: [], sentBytes: 0, nothing: 7 });
    expect(await foretold(from, to)).toEqual([]);
    const keep = { ...plainKeep, atimes: true };
    await sync(from, to, { keep });
    expect(await foretold(from, to, { keep })).toEqual([]);
    expect(await sync(from, to, { keep })).toMatchObject({ changed: [] });
    fs.appendFileSync(`${from}/dir/large`, "more");
    expect(await foretold(from, to)).toEqual([["changed", "dir/large"]]);
  });

  test("below another file system is compared by what it keeps itself", async (context) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    using _ = mountAt(context, `${to}/dir`);
    fs.mkdirSync(from);
    fill(from);
    fs.unlinkSync(`${from}/dir/link`);
    expect(await sync(from, to)).toMatchObject({ unkept: ["modes"], troubles: [] });
    expect(fs.statSync(`${to}/small`).mode & 0o777).toBe(0o600);
    expect(await foretold(from, to)).toEqual([]);
    expect(await sync(from, to)).toMatchObject({ troubles: [], sentBytes: 0, nothing: 8 });
    fs.chmodSync(`${from}/small`, 0o640);
    expect(await foretold(from, to)).toEqual([["touched", "small"]]);
    await sync(from, to);
    expect(fs.statSync(`${to}/small`).mode & 0o777).toBe(0o640);
  });

  test("does not hold all: what it does not is foretold, and told at each run", async (context) => {
    using temp = tempDir();
    using volume = mountAt(context, `${temp.path}/to`);
    const [from, to] = [`${temp.path}/from`, volume.path];
    fs.mkdirSync(`${from}/Dir`, { recursive: true });
    fs.mkdirSync(`${from}/dir`);
    for (const name of ["Dir/1", "File", "a:b", "dir/2", "file", "plain"])
      fs.writeFileSync(`${from}/${name}`, name);
    fs.symlinkSync("plain", `${from}/link`);
    const lacking = ["a:b", "dir", "file", "link"];
    for (let i = 0; i < 2; i++) {
      const told: string[] = [];
      const preview = await syncTrees(await openTreeSource(`${from}/`), openTreePreview(to));
      for (const { detail } of preview.troubles) told.push(detail.path!);
      expect(told.sort()).toEqual(lacking);
      const { troubles } = await sync(from, to);
      expect(troubles).toEqual(preview.troubles.map(String));
      expect(fs.readdirSync(to).sort()).toEqual(["Dir", "File", "plain"]);
      expect(fs.readFileSync(`${to}/File`, "utf8")).toBe("File");
    }
  });

  test("keeps what is named in another case than there while others are deleted", async (context) => {
    using temp = tempDir();
    using volume = mountAt(context, `${temp.path}/to`);
    const [from, to] = [`${temp.path}/from`, volume.path];
    fs.mkdirSync(`${from}/Été`, { recursive: true });
    fs.mkdirSync(`${to}/éTÉ`);
    for (const at of [`${from}/File`, `${from}/Été/1`, `${to}/fILE`, `${to}/éTÉ/1`, `${to}/extra`]) {
      fs.writeFileSync(at, "1");
      fs.utimesSync(at, 1000, 1000);
    }
    const options = { maxDeletedCount: 9 };
    const deleted: string[] = [];
    const onChange = ({ change, path }: TreeChange): void => {
      if (change === "deleted") deleted.push(path);
    };
    await syncTrees(await openTreeSource(`${from}/`), openTreePreview(to, { ...options, onChange }));
    expect(await sync(from, to, { ...options, onChange })).toMatchObject({ troubles: [], sentBytes: 0 });
    expect(deleted).toEqual(["extra", "extra"]);
    expect(fs.readdirSync(to).sort()).toEqual(["fILE", "éTÉ"]);
    expect(fs.readdirSync(`${to}/éTÉ`)).toEqual(["1"]);
  });
});

describe("a medium that fails while times are set", () => {
  test.each(["EIO", "EDQUOT"])("with %s: every file is told", async (code) => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.writeFileSync(`${from}/small`, "1");
    fs.writeFileSync(`${from}/large`, noise(300_000, 1));
    const isProbe = (sec: number): boolean => sec === 1_000_000_001;
    const fail: SetTime = (sec, nsec, set) => {
      if (!isProbe(sec)) throw refusal(code);
      set(sec, nsec);
    };
    interfere(fail, keep);
    const { unkept, troubles } = await sync(from, to);
    expect(unkept).toEqual([]);
    expect(troubles).toEqual(Array(2).fill(`SyncError: ${code}: times could not be set`));
  });
});
