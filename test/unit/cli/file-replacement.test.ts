import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkReplaceable } from "../../../src/cli/exchange/file-replacement.ts";
import { notPosix, unless } from "../../obstacles.ts";

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-replace-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a file is replaced, a link, and what is not there", () => {
  const folder = freshFolder();
  writeFileSync(join(folder, "file"), "");
  symlinkSync("file", join(folder, "link"));
  symlinkSync("absent", join(folder, "dangling"));
  for (const name of ["file", "link", "dangling", "new"]) checkReplaceable(join(folder, name));
});

unless(notPosix).test("a device, pipe, socket or directory is not", async () => {
  const folder = freshFolder();
  execFileSync("mkfifo", [join(folder, "pipe")]);
  symlinkSync("pipe", join(folder, "link"));
  const server = createServer().listen(join(folder, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  for (const path of ["/dev/null", folder, ...["pipe", "link", "socket"].map((name) => join(folder, name))]) {
    expect(() => checkReplaceable(path), path).toThrow(expect.objectContaining({ code: "USAGE" }));
  }
});
