import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { missing, unless } from "../obstacles.ts";
import { freshFolder, rsyncStream, runShell } from "./run.ts";
import { plant } from "./trees.ts";

/** A stand-in for ssh that notes its own process, then waits for the end of what it is told. */
const noting = `
echo $$ > "$(dirname "$0")/started"
exec cat > /dev/null
`;

unless(missing("sh", "cat")).describe("the other end is started early, and not in vain", () => {
  it.each([
    ["an option that is none", ["push", "--nonsense", "SRC", "host:x"], 2],
    ["a value that is none", ["push", "--timeout", "soon", "SRC", "host:x"], 2],
    ["a limit that is none", ["pull", "--max-bytes", "much", "host:x", "DST"], 2],
    ["a pattern that is too long", ["push", `--exclude=${"x".repeat(5000)}`, "SRC", "host:x"], 5],
    ["a tree that is not there", ["push", "SRC/none", "host:x"], 1],
  ] as const)("not with %s", async (_, args, exit) => {
    const folder = freshFolder();
    plant(folder, { ssh: noting, "src/file": "content" });
    const words = args.map((word) =>
      word.replace("SRC", join(folder, "src")).replace("DST", join(folder, "dst")),
    );
    const { code, stderr } = await rsyncStream([words[0]!, "-e", `sh ${folder}/ssh`, ...words.slice(1)]);
    expect(code, stderr).toBe(exit);
    expect(existsSync(join(folder, "started"))).toBe(false);
  });

  it("and is ended when there turns out to be nothing to say to it", async () => {
    const folder = freshFolder();
    plant(folder, { ssh: noting });
    const line = `$RS push -e "sh $1/ssh" "$1/ssh/" host:x`; // not a directory
    const { code, stderr } = await runShell(line, folder);
    expect(code, stderr).not.toBe(0);
    expect(stderr).toMatch(/no directory/);
    const started = join(folder, "started");
    const id = existsSync(started) ? Number(readFileSync(started, "utf8")) : 0;
    if (id > 0) await expect.poll(() => isThere(id)).toBe(false);
  });
});

it("a peer that is never heard is given up after --contimeout", async () => {
  const folder = freshFolder();
  plant(folder, { ssh: noting, "src/file": "content" });
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const places = ["host:x", `ws://127.0.0.1:${port}/x`, `http://127.0.0.1:${port}/x`];
  const runs = places.map((place) =>
    rsyncStream(["push", "--contimeout=1", "-e", `sh ${folder}/ssh`, join(folder, "src"), place]),
  );
  for (const { code, stderr } of await Promise.all(runs))
    expect([code, stderr]).toEqual([1, expect.stringMatching(/\((?:STALLED|PEER_GONE)\)/)]);
  silent.close();
});

function isThere(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}
