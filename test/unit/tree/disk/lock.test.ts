import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { isSyncError } from "../../../../src/errors.ts";
import { HeldDirs } from "../../../../src/tree/disk/calls/held-dirs.node.ts";
import * as libc from "../../../../src/tree/disk/calls/libc.node.ts";
import { thisHolder } from "../../../../src/tree/disk/target/lock-holder.node.ts";
import { takeLock } from "../../../../src/tree/disk/target/lock.node.ts";
import { tempDir } from "./disk-tree.ts";
import { missing, notLinux, type Obstacle, skipFor, unless } from "../../../obstacles.ts";

vi.mock(import("../../../../src/tree/disk/calls/libc.node.ts"), { spy: true });
afterEach(() => {
  vi.restoreAllMocks();
  vi.resetAllMocks();
});

const noSystemLock: Obstacle = libc.findLibc()?.flock ? undefined : "flock(2) cannot be called here";

/** As where the C library cannot be called. */
function forgetSystemLocks(): void {
  vi.mocked(libc.findLibc).mockReturnValue(undefined);
}

/** As on a file system that refuses locks. */
function refuseSystemLocks(): void {
  const found = libc.findLibc();
  const refuse = (): never => {
    throw Object.assign(new Error("ENOLCK"), { code: "ENOLCK", syscall: "flock" });
  };
  vi.mocked(libc.findLibc).mockReturnValue(found && { ...found, flock: refuse });
}

function withLockDir(work: (dir: string, take: () => { release(): void }) => void): void {
  using temp = tempDir();
  const held = new HeldDirs(temp.path);
  work(temp.path, () => takeLock(held, held.root, "lock"));
  held.close();
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return isSyncError(thrown) ? thrown.code : thrown;
  }
  return "taken";
}

const dead = { pid: spawnSync("true").pid, started: "1", since: "2026-01-01T00:00:00.000Z" };

const ways: [string, () => void][] = [
  ["locks of the system", () => {}],
  ["none", forgetSystemLocks],
  ["such as the file system refuses", refuseSystemLocks],
];

describe.each(ways)("a lock, by %s", (_, choose) => {
  test("keeps others out until it is released, and leaves nothing", () =>
    withLockDir((dir, take) => {
      choose();
      const lock = take();
      expect(codeOf(take)).toBe("LOCKED");
      expect(fs.readdirSync(dir)).toEqual(["lock"]);
      lock.release();
      expect(fs.readdirSync(dir)).toEqual([]);
      take().release();
    }));

  test("of a dead process is taken over", () =>
    withLockDir((dir, take) => {
      choose();
      fs.writeFileSync(`${dir}/lock`, JSON.stringify({ ...dead, host: os.hostname() }));
      const lock = take();
      expect(JSON.parse(fs.readFileSync(`${dir}/lock`, "utf8"))).toMatchObject({ pid: process.pid });
      lock.release();
      expect(fs.readdirSync(dir)).toEqual([]);
    }));

  test("of a process on another host is not, and says how it can be", () =>
    withLockDir((dir, take) => {
      choose();
      fs.writeFileSync(`${dir}/lock`, JSON.stringify({ ...dead, host: "elsewhere.example" }));
      fs.utimesSync(`${dir}/lock`, Date.now() / 1000, Date.now() / 1000 - 3 * 86_400);
      expect(take).toThrow(/elsewhere\.example since 2026-01-01.*3 days ago.*remove lock$/);
      expect(fs.readdirSync(dir)).toEqual(["lock"]);
    }));

  test("is not what another session put in its place", () =>
    withLockDir((dir, take) => {
      choose();
      const lock = take();
      fs.unlinkSync(`${dir}/lock`);
      fs.writeFileSync(`${dir}/lock`, "another");
      lock.release();
      expect(fs.readFileSync(`${dir}/lock`, "utf8")).toBe("another");
    }));

  const kinds: [string, (path: string) => void][] = [
    ["a pipe", (path) => execFileSync("mkfifo", [path])],
    ["a directory", (path) => fs.mkdirSync(path)],
    [
      "a link to a pipe",
      (path) => (execFileSync("mkfifo", [`${path}.pipe`]), fs.symlinkSync("lock.pipe", path)),
    ],
    ["a link to nothing", (path) => fs.symlinkSync("nothing", path)],
    ["a socket", (path) => execFileSync("python3", ["-c", socketCode, path])],
    ["a device", (path) => execFileSync("mknod", [path, "c", "1", "5"])],
  ];
  const socketCode = "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
  test.for(kinds)("whose place is taken by %s is refused at once", ([, make], context) =>
    withLockDir((dir, take) => {
      choose();
      try {
        make(`${dir}/lock`);
      } catch (thrown) {
        skipFor(context, String(thrown));
      }
      const before = fs.readdirSync(dir);
      expect(codeOf(take)).toBe("PATH");
      expect(fs.readdirSync(dir)).toEqual(before);
    }),
  );

  test("where a file cannot have two names is taken and left as well", () =>
    withLockDir((dir, take) => {
      choose();
      const refuse = (): never => {
        throw Object.assign(new Error("EPERM"), { code: "EPERM", syscall: "link" });
      };
      vi.spyOn(fs, "linkSync").mockImplementation(refuse);
      const lock = take();
      expect(codeOf(take)).toBe("LOCKED");
      expect(JSON.parse(fs.readFileSync(`${dir}/lock`, "utf8"))).toMatchObject({ pid: process.pid });
      lock.release();
      expect(fs.readdirSync(dir)).toEqual([]);
    }));
});

describe("a lock of the system", () => {
  unless(noSystemLock).test("ends with its process, whatever the file says of host and process", () =>
    withLockDir((dir, take) => {
      // As in a container, with a name and process numbers of its own; this very process is alive.
      const holder = { ...thisHolder(true), host: "c0ffee", pids: "pid:[1]" };
      fs.writeFileSync(`${dir}/lock`, JSON.stringify(holder));
      take().release();
    }),
  );

  unless(noSystemLock).test("tells that nobody holds a file without text, or with odd text", () =>
    withLockDir((dir, take) => {
      const otherwise = [
        { pid: 1, host: "elsewhere" },
        { ...dead, pid: -1, host: "elsewhere" },
        { ...dead, host: 1 },
        { ...dead, host: "elsewhere", inSystem: 0 },
      ];
      for (const text of [
        "",
        "null",
        "{",
        "\0".repeat(10_000),
        ...otherwise.map((each) => JSON.stringify(each)),
      ]) {
        fs.writeFileSync(`${dir}/lock`, text);
        take().release();
      }
    }),
  );

  unless(noSystemLock ?? missing("flock")).test(
    "holds while its process does, though that has no name here",
    async () => {
      using temp = tempDir();
      const held = new HeldDirs(temp.path);
      fs.writeFileSync(`${temp.path}/lock`, JSON.stringify({ ...dead, host: os.hostname() }));
      const child = spawn("flock", ["-x", `${temp.path}/lock`, "sh", "-c", "echo held; read line"]);
      await once(child.stdout, "data");
      expect(codeOf(() => takeLock(held, held.root, "lock"))).toBe("LOCKED");
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
      takeLock(held, held.root, "lock").release();
      held.close();
    },
  );
});

describe("without locks of the system", () => {
  test("a file without text is its maker's for a moment", () =>
    withLockDir((dir, take) => {
      forgetSystemLocks();
      fs.writeFileSync(`${dir}/lock`, "");
      expect(codeOf(take)).toBe("LOCKED");
      fs.utimesSync(`${dir}/lock`, 1, 1);
      take().release();
    }));

  unless(notLinux).test(
    "a process that has ended does not hold one, though nobody has asked for that",
    async () => {
      const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      onTestFinished(() => void parent.kill());
      const [told] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(String(told));
      const fieldsOf = (): string[] =>
        fs.readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
      await expect.poll(() => fieldsOf()[0], { timeout: 120_000 }).toBe("Z");
      withLockDir((dir, take) => {
        forgetSystemLocks();
        const holder = { ...thisHolder(false), pid, started: fieldsOf()[19] };
        fs.writeFileSync(`${dir}/lock`, JSON.stringify(holder));
        take().release();
      });
    },
  );

  unless(notLinux).test("a process in another space of numbers may live", () =>
    withLockDir((dir, take) => {
      forgetSystemLocks();
      const holder = { ...thisHolder(false), ...dead, pids: "pid:[1]" };
      fs.writeFileSync(`${dir}/lock`, JSON.stringify(holder));
      expect(codeOf(take)).toBe("LOCKED");
    }),
  );

  unless(notLinux).test("what held a local disk before the system was started anew is gone", () =>
    withLockDir((dir, take) => {
      forgetSystemLocks();
      const holder = { ...thisHolder(false), host: "elsewhere.example", boot: "another" };
      fs.writeFileSync(`${dir}/lock`, JSON.stringify(holder));
      take().release();
    }),
  );
});
