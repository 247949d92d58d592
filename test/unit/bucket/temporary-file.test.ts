import { spawnSync } from "node:child_process";
import fs, {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFile } from "../../../src/bucket/temporary-file.node.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rsync-stream-temporary-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Lets a directory look as if it had been made a while ago. */
const age = (path: string): void => utimesSync(path, 1_000_000_000, 1_000_000_000);

test("a temporary file is for its user alone, and goes with what lies beside it", () => {
  const file = temporaryFile();
  writeFileSync(file.path, "content");
  mkdirSync(`${file.path}.lock`);
  expect(statSync(dirname(file.path)).mode & 0o077).toBe(0);
  file[Symbol.dispose]();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["that may not be listed", "readdirSync", "EACCES"],
  ["where no file has two names", "linkSync", "EPERM"],
] as const)("there are temporary files in a directory %s", (_, call, code) => {
  const refusal = vi.spyOn(fs, call).mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
  const file = temporaryFile();
  writeFileSync(file.path, "content");
  expect(refusal).toHaveBeenCalled();
  file[Symbol.dispose]();
  refusal.mockRestore();
  expect(readdirSync(folder)).toEqual([]);
});

test("what killed processes left is removed, and nothing else", () => {
  using held = temporaryFile();
  writeFileSync(held.path, "content");
  age(dirname(held.path));
  const dead = join(folder, "rsync-stream-file-dead");
  const young = join(folder, "rsync-stream-file-young");
  const open = join(folder, "rsync-stream-file-open");
  const foreign = join(folder, "rsync-stream-file-foreign");
  const other = join(folder, "other");
  const pid = spawnSync(process.execPath, ["-e", ""]).pid;
  for (const path of [dead, young, open, foreign, other]) {
    mkdirSync(path, { mode: 0o700 });
    const owner = { pid, host: hostname(), started: "1", since: "2026-01-01T00:00:00Z" };
    writeFileSync(join(path, "held.owner"), JSON.stringify(owner), { mode: 0o600 });
    writeFileSync(join(path, "content"), "content");
    if (path !== young) age(path);
  }
  chmodSync(open, 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(foreign, 1234, 1234);
  const file = join(folder, "rsync-stream-file-plain");
  writeFileSync(file, "content", { mode: 0o600 });
  age(file);
  using next = temporaryFile();
  expect([existsSync(dead), existsSync(foreign)]).toEqual([false, isRoot]);
  for (const path of [held.path, dirname(next.path), young, open, other, file])
    expect(existsSync(path), path).toBe(true);
});
