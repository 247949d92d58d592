import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { jsonForm } from "../../../src/archive/json-index.node.ts";
import { writeIndex } from "../../../src/archive/write-index.node.ts";
import { dirBucket } from "../../../src/bucket/dir-bucket.node.ts";
import { SyncError } from "../../../src/errors.ts";
import { ioError } from "../../../src/store/io-error.node.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

const systemError = (code: string) => Object.assign(new Error(`${code}: no`), { code });

it.each([
  ["ENOENT", "NOT_FOUND"],
  ["ENOSPC", "NO_SPACE"],
  ["EDQUOT", "NO_SPACE"],
  ["EACCES", "IO"],
  ["EMFILE", "IO"],
])("makes %s of the system a %s, with path and cause", (errno, code) => {
  const thrown = systemError(errno);
  expect(ioError(thrown, "/a/b")).toMatchObject({ code, detail: { path: "/a/b" }, cause: thrown });
});

it("passes errors of ours as they are", () => {
  const ours = new SyncError("CORRUPT", "rotten");
  expect(ioError(ours, "/a/b")).toBe(ours);
});

describe("a used-up quota, for which Node has no name", () => {
  /** As Node throws it on Linux. */
  const overQuota = (syscall: string) => {
    const code = "Unknown system error -122";
    return Object.assign(new Error(`${code}: ${code}, ${syscall}`), { code, errno: -122, syscall });
  };
  const refused = { code: "NO_SPACE", message: expect.stringMatching(/^EDQUOT: \w+ failed$/) };

  it("is NO_SPACE, by its name", () => {
    expect(ioError(overQuota("rename"), "/a")).toMatchObject(refused);
  });

  it.each(["writeFileSync", "fsyncSync", "renameSync"] as const)("at %s of an index", (call) => {
    using folder = tempDir();
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(fs, call).mockImplementation(() => {
      throw overQuota("call");
    });
    const write = (): void => {
      const facts = { digest: "sha256", isOfFiles: false } as const;
      writeIndex(join(folder.path, "index"), jsonForm, facts).finish();
    };
    expect(write).toThrow(expect.objectContaining(refused));
  });

  it("at a write into a directory that is a bucket", async () => {
    using folder = tempDir();
    onTestFinished(() => void vi.restoreAllMocks());
    vi.spyOn(fs, "write").mockImplementation(((...all: unknown[]) => {
      (all.at(-1) as (error: Error) => void)(overQuota("write"));
    }) as typeof fs.write);
    const written = dirBucket(folder.path).write("key", Buffer.from("content"));
    await expect(written).rejects.toMatchObject({ code: "NO_SPACE" });
  });
});
