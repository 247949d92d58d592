import { mkdirSync, readdirSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { openGroup } from "../../../src/transfer/group-socket.node.ts";
import { channelOf } from "../../../src/transport/channel.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { ParallelChannel } from "../../../src/transport/parallel/parallel-channel.ts";
import { notPosix, unless } from "../../obstacles.ts";
import { tempDir } from "../tree/disk/disk-tree.ts";

unless(notPosix).test(
  "a group that can have no socket goes on alone, and leaves nothing behind",
  async () => {
    using temporary = tempDir();
    onTestFinished(() => void vi.unstubAllEnvs());
    const long = join(temporary.path, "d".repeat(120)); // the path of a socket has 107 bytes at most
    mkdirSync(long);
    for (const [directory, reason] of [
      [long, "too long"],
      [join(temporary.path, "absent"), "ENOENT"],
    ] as const) {
      vi.stubEnv("TMPDIR", directory);
      const [here, there] = duplexPair();
      const onAlone = vi.fn<(error: Error) => void>();
      const group = await openGroup("0123456789abcdef0123456789abcdef", channelOf(here), { onAlone });
      expect(onAlone.mock.calls).toEqual([[expect.objectContaining({ code: "IO" })]]);
      expect(onAlone.mock.calls[0]![0].message).toContain(reason);
      const other = new ParallelChannel({});
      other.add(channelOf(there));
      await Promise.all([group.write(Buffer.from("hello")), group.end()]);
      const heard: Uint8Array[] = [];
      for await (const bytes of other.read()) heard.push(bytes);
      expect(Buffer.concat(heard).toString()).toBe("hello");
      for (const channel of [group, other]) channel.abort(new Error("over"));
    }
    expect(readdirSync(long)).toEqual([]);
  },
);

unless(notPosix).test("what a group left behind that was killed goes with the next one", async () => {
  const temporary = tempDir();
  onTestFinished(() => temporary[Symbol.dispose]());
  vi.stubEnv("TMPDIR", temporary.path);
  onTestFinished(() => void vi.unstubAllEnvs());
  const groupOf = (digit: string): string => digit.repeat(32);
  const plantOld = (name: string): void => utimesSync(join(temporary.path, name), 1000, 1000);
  const living = await openGroup(groupOf("1"), channelOf(duplexPair()[0]));
  const names = ["2", "3"].map((digit) => `rsync-stream-${groupOf(digit)}`);
  for (const name of [...names, "rsync-stream-other"]) mkdirSync(join(temporary.path, name), { mode: 0o700 });
  // Of one that cannot be reached nobody knows whether it lives.
  const unreached = `rsync-stream-${groupOf("5")}`;
  mkdirSync(join(temporary.path, unreached), { mode: 0o700 });
  symlinkSync("socket", join(temporary.path, unreached, "socket"));
  for (const name of [names[0]!, unreached, `rsync-stream-${groupOf("1")}`, "rsync-stream-other"])
    plantOld(name);
  const next = await openGroup(groupOf("4"), channelOf(duplexPair()[0]));
  const stays = [
    `rsync-stream-${groupOf("1")}`,
    names[1],
    `rsync-stream-${groupOf("4")}`,
    unreached,
    "rsync-stream-other",
  ];
  await expect.poll(() => readdirSync(temporary.path).sort()).toEqual(stays);
  for (const channel of [living, next]) channel.abort(new Error("over"));
});
