import fs from "node:fs";
import { expect, test, vi } from "vitest";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { noise, tempDir } from "./disk-tree.ts";
import { syncTrees, type SyncTreesResult } from "./sync-trees.ts";
import { notLinux, unless } from "../../../obstacles.ts";

type Call = "closeSync" | "rmdirSync" | "unlinkSync";

/**
 * Lets a call of the system fail with EIO where it is about a path that matches, until it is
 * disposed of.
 */
function failing(call: Call, path: RegExp): Disposable & { readonly count: number } {
  const real = fs[call] as (about: never) => void;
  let count = 0;
  const attempt = (about: unknown): void => {
    const isMeant = path.test(placeOf(about));
    // A handle is gone whatever the system says to closing it.
    if (!isMeant || call === "closeSync") real(about as never);
    if (!isMeant) return;
    count += 1;
    throw Object.assign(new Error("EIO: i/o error, injected"), { code: "EIO", errno: -5, syscall: call });
  };
  const spy = vi.spyOn(fs, call).mockImplementation(attempt as never);
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => spy.mockRestore(),
  };
}

/** The path that a handle was opened at, or that a path through a handle leads to. */
function placeOf(about: unknown): string {
  if (typeof about === "number") return fs.readlinkSync(`/proc/self/fd/${about}`);
  const [, dir, name] = /^(\/proc\/self\/fd\/\d+)(\/.*)$/s.exec(String(about)) ?? [];
  return dir === undefined ? String(about) : fs.readlinkSync(dir) + name;
}

/** Receives a file of so many bytes in place of an old one. */
async function receive(root: string, size: number): Promise<SyncTreesResult> {
  fs.mkdirSync(`${root}/from`);
  fs.mkdirSync(`${root}/to`);
  fs.writeFileSync(`${root}/from/file`, noise(size, 1));
  fs.writeFileSync(`${root}/from/other`, noise(100, 2));
  fs.writeFileSync(`${root}/to/file`, "old");
  // Whether the roots differ, and are the first to need it, would depend on the tick of a clock.
  for (const dir of ["from", "to"]) fs.utimesSync(`${root}/${dir}`, 1000, 1000);
  return syncTrees(await openTreeSource(`${root}/from/`), await openTreeTarget(`${root}/to`));
}

/** The first in a staging directory shows how it keeps modes and times; files come behind. */
const probe = /\/\.rsync-stream\/[0-9a-f]{8}\.\w+\.0$/;
const temporary = /\/\.rsync-stream\/[0-9a-f]{8}\.\w+\.1$/;
const lock = /\/\.rsync-stream\/lock$/;

unless(notLinux).describe("a call that fails with EIO", () => {
  test("to closing what a session had opened is not told where another holds the lock, but that", async () => {
    using temp = tempDir();
    const [from, to] = [`${temp.path}/from`, `${temp.path}/to`];
    fs.mkdirSync(from);
    fs.writeFileSync(`${from}/file`, noise(100, 1));
    const receiveToo = async (): Promise<void> => {
      using failure = failing("closeSync", /\/\.rsync-stream$/);
      const second = syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to));
      await expect(second).rejects.toMatchObject({ code: "LOCKED" });
      expect(failure.count).toBeGreaterThan(0);
    };
    const options = { beforeCommit: receiveToo };
    const { troubles } = await syncTrees(await openTreeSource(`${from}/`), await openTreeTarget(to), options);
    expect(troubles).toEqual([]);
  });

  test.each([
    ["rmdirSync", /\/\.rsync-stream$/],
    ["unlinkSync", lock],
    // Its name is removed first.
    ["closeSync", /\/\.rsync-stream\/lock[. ].*$/],
  ] as const)("at the end, %s, is told once, and all files are there", async (call, path) => {
    using temp = tempDir();
    using fault = failing(call, path);
    const { troubles } = await receive(temp.path, 20_000);
    expect(fault.count).toBeGreaterThan(0);
    expect(troubles).toMatchObject([{ code: "IO", detail: { path: ".rsync-stream" } }]);
    expect(troubles[0]!.message).toContain("EIO");
    expect(fs.readFileSync(`${temp.path}/to/file`)).toEqual(Buffer.from(noise(20_000, 1)));
    expect(fs.existsSync(`${temp.path}/to/other`)).toBe(true);
  });

  test.each([[100], [20_000], [3_000_000]])(
    "to closing a file of %d bytes is told for that, the old one stays, the others come",
    async (size) => {
      using temp = tempDir();
      using fault = failing("closeSync", temporary);
      const { troubles } = await receive(temp.path, size);
      expect(fault.count).toBe(1);
      expect(troubles).toMatchObject([{ code: "IO", detail: { path: "file" } }]);
      expect(fs.readFileSync(`${temp.path}/to/file`, "utf8")).toBe("old");
      expect(fs.readdirSync(`${temp.path}/to`).sort()).toEqual(["file", "other"]);
    },
  );

  test("before the first file is told for that, and the others come", async () => {
    using temp = tempDir();
    using fault = failing("closeSync", probe);
    const { troubles } = await receive(temp.path, 20_000);
    expect(fault.count).toBe(1);
    expect(troubles).toMatchObject([{ code: "IO", detail: { path: "file" } }]);
    expect(fs.readdirSync(`${temp.path}/to`).sort()).toEqual(["file", "other"]);
  });

  test("in what is tidied up after another is not told: the first cause is", async () => {
    using temp = tempDir();
    using _first = failing("unlinkSync", lock);
    using _second = failing("closeSync", /\/\.rsync-stream\/lock.*$/);
    using _third = failing("rmdirSync", /\/\.rsync-stream$/);
    const { troubles } = await receive(temp.path, 20_000);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toMatchObject({ code: "IO", cause: { syscall: "unlinkSync" } });
  });
});
