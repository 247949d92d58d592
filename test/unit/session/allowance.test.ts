import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Allowance, type ReceiveLimits, receiveLimits } from "../../../src/session/allowance.ts";
import { receiveTree } from "../../../src/session/receive.ts";
import { sendTree } from "../../../src/session/send.ts";
import { duplexPair } from "../../../src/transport/memory.ts";
import { memorySource } from "../../../src/tree/memory/memory-source.ts";
import { memoryTarget } from "../../../src/tree/memory/memory-target.ts";
import { memoryDir, memoryFile } from "../../../src/tree/memory/memory-tree.ts";
import { openTreeSource } from "../../../src/tree/disk/source/source.node.ts";
import { stagingName } from "../../../src/tree/entry/staging-name.ts";
import { openTreeTarget } from "../../../src/tree/disk/target/target.node.ts";
import type { Entry, Layout } from "../../../src/tree/entry/entry.ts";
import type { TreeSource } from "../../../src/tree/source.ts";
import type { TreeTarget } from "../../../src/tree/target.ts";

const { freeExpansionBytes, entryCostBytes } = receiveLimits;

async function codeOf(
  source: TreeSource & { readonly layout?: Layout },
  target: TreeTarget,
  limits: ReceiveLimits,
): Promise<string> {
  const [here, there] = duplexPair();
  const sending = sendTree(source, there, { layout: source.layout ?? "contents" }).catch(
    (thrown: unknown) => thrown,
  );
  try {
    await receiveTree(target, here, limits);
    return "ok";
  } catch (thrown) {
    expect(await sending).toMatchObject({ code: "LIMIT", remote: true });
    return (thrown as { code: string }).code;
  } finally {
    await sending;
  }
}

const files = (...sizes: readonly number[]) =>
  memoryDir(
    Object.fromEntries(sizes.map((size, i) => [`f${i}`, memoryFile(new Uint8Array(size).fill(i + 1))])),
  );
/** The directory itself is an entry. */
const tree = files(10, 20, 30);

describe("a tree at a limit is taken, one above it refused before anything is made", () => {
  const cases: readonly [ReceiveLimits, string][] = [
    [{ maxTotalBytes: 60 }, "ok"],
    [{ maxTotalBytes: 59 }, "LIMIT"],
    [{ maxTotalBytes: 61 }, "ok"],
    [{ maxEntryCount: 4 }, "ok"],
    [{ maxEntryCount: 3 }, "LIMIT"],
    [{ maxEntryCount: 5 }, "ok"],
    [{ maxExpansion: 0 }, "ok"],
    [{}, "ok"],
  ];

  test.each(cases)("%j: %s", async (limits, code) => {
    const into = memoryDir();
    expect(await codeOf(memorySource(tree), memoryTarget(into), limits)).toBe(code);
    expect(into.children.size).toBe(code === "ok" ? 3 : 0);
  });
});

describe("expansion", () => {
  const entries = (count: number): Entry[] =>
    Array.from({ length: count }, () => ({ size: 0 }) as unknown as Entry);

  test("counts content and entries against what came", () => {
    const allowance = new Allowance({ maxExpansion: 10 }, () => 1000);
    allowance.list(entries(3));
    allowance.fill(0, [freeExpansionBytes, 10_000 - 3 * entryCostBytes]);
    expect(() => allowance.fill(1, [1])).toThrow(/bytes made of 1000 that came/);
  });

  test("grows with what comes", () => {
    let came = 0;
    const allowance = new Allowance({ maxExpansion: 2 }, () => came);
    allowance.fill(0, [freeExpansionBytes]);
    came = 50;
    allowance.fill(0, [100]);
    expect(() => allowance.fill(0, [1])).toThrow(/LIMIT|at most/);
  });

  test("does not count what takes the place of as much", () => {
    const allowance = new Allowance({ maxExpansion: 0 }, () => 0);
    allowance.replace(7, 100);
    allowance.fill(7, [40, 30]);
    allowance.fill(7, [30, freeExpansionBytes]);
    expect(() => allowance.fill(7, [1])).toThrow(/at most/);
  });

  test("counts what comes when a file has all that was said of it", () => {
    const allowance = new Allowance({ maxExpansion: 0 }, () => 0);
    allowance.replace(7, 100);
    allowance.fill(7, [40]);
    allowance.settle(7);
    allowance.fill(7, [freeExpansionBytes]);
    expect(() => allowance.fill(7, [1])).toThrow(/at most/);
  });

  test("forgets what stood where each file comes", async () => {
    const replaced = vi.spyOn(Allowance.prototype, "replace");
    const settled = vi.spyOn(Allowance.prototype, "settle");
    onTestFinished(() => void vi.restoreAllMocks());
    const work = mkdtempSync(join(tmpdir(), "rsync-stream-allowance-"));
    onTestFinished(() => rmSync(work, { recursive: true, force: true }));
    for (const name of ["f0", "f1", "f2"]) writeFileSync(join(work, name), "x".repeat(1000));
    for (const name of ["f0", "f1", "f2"]) utimesSync(join(work, name), 1000, 1000);
    expect(
      await codeOf(memorySource(files(10, 0, 2000)), await openTreeTarget(work), { maxExpansion: 1 }),
    ).toBe("ok");
    const numbers = (calls: readonly (readonly unknown[])[]) => calls.map(([entry]) => entry).sort();
    expect(replaced).toHaveBeenCalledTimes(3);
    expect(numbers(settled.mock.calls)).toEqual(numbers(replaced.mock.calls));
  });

  test("of directories alone", () => {
    const allowance = new Allowance({ maxExpansion: 1 }, () => 0);
    allowance.list(entries(freeExpansionBytes / entryCostBytes));
    expect(() => allowance.list(entries(1))).toThrow(/at most/);
  });

  test("is any unless told otherwise", () => {
    const allowance = new Allowance({}, () => 0);
    allowance.fill(0, [1e15]);
    allowance.list(entries(1000));
  });
});

describe("content that comes for what cannot be had", () => {
  const fileBytes = freeExpansionBytes + (32 << 20);

  /**
   * Sends a file of zeros and something, in one way or in two, to where a directory is in its way
   * or nothing.
   */
  async function send(name: string, mode: "one-way" | "duplex", maxExpansion: number): Promise<string> {
    const work = mkdtempSync(join(tmpdir(), "rsync-stream-allowance-"));
    onTestFinished(() => rmSync(work, { recursive: true, force: true }));
    mkdirSync(join(work, "from"), { recursive: true });
    if (name === "refused") mkdirSync(join(work, "to/f/in-the-way"), { recursive: true });
    const file = openSync(join(work, "from/f"), "w");
    for (let at = 0; at < fileBytes; at += 65_536) writeSync(file, Buffer.from(String(at)), 0, null, at);
    ftruncateSync(file, fileBytes);
    closeSync(file);
    const [here, there] = duplexPair();
    const source = await openTreeSource(`${work}/from/`);
    const sending = sendTree(source, there, { mode, layout: "contents", compress: true }).catch(() => {});
    const target = await openTreeTarget(join(work, "to"));
    const duplex = mode === "duplex";
    const end = await receiveTree(target, here, { duplex, maxExpansion, onTrouble: () => {} }).then(
      ({ failed }) => `${failed} failed`,
      (thrown: unknown) => (thrown as { code: string }).code,
    );
    await sending;
    await source.close();
    expect(existsSync(join(work, "to", stagingName))).toBe(false); // nothing of what was refused, or was complete, stays
    return end;
  }

  test.each([
    ["refused", "one-way", 1, "LIMIT"],
    ["refused", "one-way", Infinity, "1 failed"],
    // Nobody asks for it, so it does not come.
    ["refused", "duplex", 1, "1 failed"],
    ["taken", "one-way", 1, "LIMIT"],
  ] as const)("%s, %s, at most %d times: %s", async (name, mode, maxExpansion, end) => {
    expect(await send(name, mode, maxExpansion)).toBe(end);
  });
});

describe("a file of holes, on disk", () => {
  const bytes = freeExpansionBytes + (32 << 20);

  function places() {
    const work = mkdtempSync(join(tmpdir(), "rsync-stream-allowance-"));
    onTestFinished(() => rmSync(work, { recursive: true, force: true }));
    const plant = (name: string): string => {
      writeFileSync(join(work, name), "");
      truncateSync(join(work, name), bytes);
      return join(work, name);
    };
    return { source: plant("from"), target: join(work, "to"), plantTarget: () => plant("to"), work };
  }

  test("is refused where it is made of nothing", async () => {
    const { source, target, work } = places();
    const code = await codeOf(await openTreeSource(source), await openTreeTarget(target), {
      maxExpansion: 10,
    });
    expect(code).toBe("LIMIT");
    expect(readdirSync(work)).not.toContain("to");
  });

  test("is taken where one of its size stood, and where anything is", async () => {
    const { source, target, plantTarget } = places();
    utimesSync(plantTarget(), 1000, 1000);
    const open = async () => [await openTreeSource(source), await openTreeTarget(target)] as const;
    expect(await codeOf(...(await open()), { maxExpansion: 10 })).toBe("ok");
    rmSync(target);
    expect(await codeOf(...(await open()), {})).toBe("ok");
  });
});
