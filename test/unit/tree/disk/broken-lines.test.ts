import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { receiveTree } from "../../../../src/session/receive.ts";
import { sendTree } from "../../../../src/session/send.ts";
import { faultyDuplex } from "../../../../src/testing/faulty-duplex.ts";
import { seededBytes } from "../../../../src/testing/random.ts";
import { duplexPair } from "../../../../src/transport/memory.ts";
import { openTreeSource } from "../../../../src/tree/disk/source/source.node.ts";
import { openTreeTarget } from "../../../../src/tree/disk/target/target.node.ts";
import { stagingName } from "../../../../src/tree/entry/staging-name.ts";

const fileBytes = 8_000_000;

test("what a line that breaks again and again leaves does not grow with each attempt", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rsync-stream-broken-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  mkdirSync(from);
  const content = seededBytes(7, fileBytes);
  writeFileSync(join(from, "file"), content);

  /** Receives over a line that breaks after so many bytes. */
  async function attempt(cutAtBytes: number): Promise<boolean> {
    const [left, right] = duplexPair();
    const [source, target] = [await openTreeSource(`${from}/`), await openTreeTarget(to)];
    const ends = await Promise.allSettled([
      sendTree(source, left, { layout: "contents" }),
      receiveTree(target, faultyDuplex(right, { cutAtBytes })),
    ]);
    await source.close();
    return ends[1].status === "fulfilled";
  }

  let attempts = 0;
  while (!(await attempt(1_200_000))) {
    attempts += 1;
    expect(attempts).toBeLessThan(40);
    const room = join(to, stagingName);
    const sizes = (existsSync(room) ? readdirSync(room) : []).map((name) => statSync(join(room, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(4 * fileBytes + 4096);
    expect(sizes.length).toBeLessThanOrEqual(5); // three, what came last, and the lock
  }
  expect(attempts).toBeGreaterThan(5);
  expect(readFileSync(join(to, "file")).equals(content)).toBe(true);
});
