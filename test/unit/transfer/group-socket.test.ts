import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { openGroup } from "../../../src/transfer/group-socket.node.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { notPosix, unless } from "../../obstacles.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

unless(notPosix).test("a group that can have no socket leaves nothing behind", async () => {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  const far = join(temporary.path, "d".repeat(120)); // the path of a socket has 107 bytes at most
  mkdirSync(far);
  vi.stubEnv("TMPDIR", far);
  onTestFinished(() => void vi.unstubAllEnvs());
  const [first] = duplexPair();
  const opened = openGroup("0123456789abcdef0123456789abcdef", channelOf(first));
  await expect(opened).rejects.toMatchObject({ code: "IO" });
  expect(readdirSync(far)).toEqual([]);
});
