import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { SubtreeDigests } from "../../../../src/tree/entry/subtree-digests.ts";

const file = { kind: "file", size: 2 ** 33 + 5, mode: 0o644, mtimeSec: -1, mtimeNsec: 7 } as const;
const dir = { kind: "dir", size: 0, mode: 0o755, mtimeSec: 1_700_000_000, mtimeNsec: 0 } as const;
const link = { kind: "symlink", size: 0, mode: 0o777, mtimeSec: 2, mtimeNsec: 999_999_999 } as const;

/** SHA-256 of records, put together by hand from docs/protocol.md §6.15. */
function digestOf(...records: readonly Buffer[]): string {
  return createHash("sha256").update(Buffer.concat(records)).digest().toString("latin1");
}

function record(kind: number, name: string, fields: (bigint | number)[], rest = ""): Buffer {
  const parts = fields.map((field) => {
    const bytes = Buffer.alloc(typeof field === "bigint" ? 8 : 4);
    if (typeof field === "bigint") bytes.writeBigInt64BE(field);
    else bytes.writeUInt32BE(field);
    return bytes;
  });
  const text = Buffer.from(name, "latin1");
  return Buffer.concat([Buffer.of(kind, text.length), text, ...parts, Buffer.from(rest, "latin1")]);
}

it("digests what lies in each directory, as the specification says", () => {
  const digests = new SubtreeDigests();
  digests.add("a", dir);
  digests.open("a");
  digests.add("b", dir);
  digests.open("b");
  digests.add("\xff", file);
  digests.close();
  digests.add("c", link, "b/x");
  digests.close();
  digests.add("d", file);
  const b = digestOf(record(0, "\xff", [0o644, -1n, 7, 8_589_934_597n]));
  const a = digestOf(
    record(1, "b", [0o755, 1_700_000_000n, 0], b),
    record(2, "c", [2n, 999_999_999, 3], "b/x"),
  );
  const top = digestOf(
    record(1, "a", [0o755, 1_700_000_000n, 0], a),
    record(0, "d", [0o644, -1n, 7, 8_589_934_597n]),
  );
  expect(digests.finish()).toEqual([
    { path: "a/b", digest: b, entryCount: 1 },
    { path: "a", digest: a, entryCount: 3 },
    { path: "", digest: top, entryCount: 5 },
  ]);
});

it("has no digest for directories in which something cannot be told", () => {
  const digests = new SubtreeDigests();
  const within = (name: string, work: () => void): void => {
    digests.open(name);
    work();
    digests.close();
  };
  const addDir = (name: string, work: () => void): void => {
    digests.add(name, dir);
    within(name, work);
  };
  addDir("a", () => {
    addDir("b", () => digests.add("pipe", { ...file, kind: "other" }));
    addDir("c", () => digests.add("file", file));
  });
  addDir("e", () => digests.spoil());
  addDir("g", () => {
    digests.addUntold();
    within("h", () => digests.add("i", file));
  });
  expect(digests.finish().map(({ path }) => path)).toEqual(["a/c", "g/h"]);
});

it("takes directories with longer listings than it has room for at first", () => {
  const digests = new SubtreeDigests();
  const names = Array.from({ length: 2000 }, (_, i) => `${i + 1000}`.padEnd(255, "n"));
  for (const name of names) {
    digests.add(name, dir);
    digests.open(name);
    digests.add(name, file);
    digests.close();
  }
  const inside = (name: string): string => digestOf(record(0, name, [0o644, -1n, 7, 8_589_934_597n]));
  const top = digestOf(...names.map((name) => record(1, name, [0o755, 1_700_000_000n, 0], inside(name))));
  expect(digests.finish().at(-1)).toEqual({ path: "", digest: top, entryCount: 4000 });
});
