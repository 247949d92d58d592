import fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { transfer } from "../../src/transfer/transfer.node.ts";
import type { TransferOptions } from "../../src/transfer/transfer-options.node.ts";
import { describeTree, tempDir } from "../unit/tree/disk/disk-tree.ts";

/** A file of some length: which bytes it is made of, which of them is another one, its time. */
interface Planted {
  readonly length: number;
  readonly seed: number;
  readonly flippedAt: number | undefined;
  readonly seconds: number;
  readonly mode: number;
}

const tree = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d/a", "d/b"),
  fc.record<Planted>({
    length: fc.constantFrom(0, 1, 100, 4095, 4096, 40_000),
    seed: fc.constantFrom(1, 1, 1, 2),
    flippedAt: fc.constantFrom(undefined, undefined, 0, 0.5, 0.999),
    seconds: fc.constantFrom(1000, 2000),
    mode: fc.constantFrom(0o644, 0o600),
  }),
);

function plant(root: string, files: Readonly<Record<string, Planted>>): void {
  fs.mkdirSync(join(root, "d"), { recursive: true });
  for (const [name, { length, seed, flippedAt, seconds, mode }] of Object.entries(files)) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * seed * 31) >> 3);
    if (flippedAt !== undefined && length > 0) bytes[Math.floor(flippedAt * length)]! ^= 1;
    fs.writeFileSync(join(root, name), bytes);
    fs.chmodSync(join(root, name), mode);
    fs.utimesSync(join(root, name), seconds, seconds);
  }
  for (const dir of [join(root, "d"), root]) fs.utimesSync(dir, 1000, 1000);
}

async function hear(from: string, to: string, options: TransferOptions): Promise<string[]> {
  const told: string[] = [];
  await transfer(`${from}/`, to, {
    rule: { equality: "content" },
    ...options,
    onTrouble: (error) => expect.unreachable(error.message),
    onChange: ({ change, path, differs }) => void told.push(`${change} ${path} ${differs.join("+")}`),
  });
  return told.sort();
}

test("pareco 16: a dry run that compares content tells what the real run does, and changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, async (sent, there) => {
      using temp = tempDir();
      const [from, to] = [join(temp.path, "from"), join(temp.path, "to")];
      plant(from, sent);
      plant(to, there);
      const before = describeTree(to);
      const foretold = await hear(from, to, { dryRun: true });
      expect(describeTree(to)).toEqual(before);
      expect(foretold).toEqual(await hear(from, to, {}));
      for (const name of Object.keys(sent))
        expect(fs.readFileSync(join(to, name)).equals(fs.readFileSync(join(from, name)))).toBe(true);
      expect(await hear(from, to, { dryRun: true })).toEqual([]);
    }),
    { numRuns: Number(process.env["LAW_RUNS"] ?? 8) },
  );
});

test("of a large file that differs no content travels in a dry run", async () => {
  using temp = tempDir();
  const [from, to] = [join(temp.path, "from"), join(temp.path, "to")];
  plant(from, { a: { length: 3_000_000, seed: 1, flippedAt: undefined, seconds: 1000, mode: 0o644 } });
  plant(to, { a: { length: 3_000_000, seed: 7, flippedAt: undefined, seconds: 1000, mode: 0o644 } });
  const summary = await transfer(`${from}/`, to, { dryRun: true, rule: { equality: "content" } });
  expect(summary).toMatchObject({ type: "receive", receivedBytes: 0 });
});
