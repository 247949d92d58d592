import fc from "fast-check";
import { expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../../../src/bytes/cursor.ts";
import { concatBytes } from "../../../../src/bytes/compare.ts";
import { SyncError, toSyncError } from "../../../../src/errors.ts";
import { decodeEntries, encodeEntries } from "../../../../src/session/levels/entries/entry-codec.ts";
import type { ListedEntry } from "../../../../src/session/levels/entries/entry-columns.ts";
import type { Entry } from "../../../../src/tree/entry/entry.ts";
import type { Bytes } from "../../../../src/types.ts";

const plain: Entry = {
  depth: 0,
  name: new TextEncoder().encode("name"),
  kind: "file",
  size: 5,
  mode: 0o644,
  mtimeSec: -7,
  mtimeNsec: 9,
};
const listed: ListedEntry[] = [
  { entry: plain, unasked: true },
  { entry: { ...plain, kind: "dir", size: 0, isComplete: true, name: Uint8Array.of(0x6f) }, unasked: false },
  { entry: { ...plain, kind: "symlink", size: 0, target: Uint8Array.of(1, 2) }, unasked: false },
];

interface Column {
  readonly head: number;
  readonly facts: Bytes;
}

/** The columns of a payload, behind the number of entries. */
function columnsOf(payload: Bytes): Column[] {
  const input = new ByteReader(payload);
  input.uvarint();
  const columns: Column[] = [];
  while (input.remaining > 0) columns.push({ head: input.uvarint(), facts: input.bytes(input.uvarint()) });
  return columns;
}

function payloadOf(count: number, columns: readonly Column[]): Bytes {
  const out = new ByteWriter();
  out.uvarint(count);
  for (const { head, facts } of columns) {
    out.uvarint(head);
    out.uvarint(facts.length);
    out.bytes(facts);
  }
  return out.finish();
}

function codeOf(payload: Bytes): string {
  try {
    decodeEntries(payload);
    return "ok";
  } catch (thrown) {
    return thrown instanceof SyncError ? toSyncError(thrown).code : String(thrown);
  }
}

const columns = columnsOf(encodeEntries(listed));

it("reads back what it wrote", () => {
  expect(decodeEntries(encodeEntries(listed))).toEqual(listed);
});

it("passes over columns that need not be known, wherever they stand, and refuses others", () => {
  for (const at of [16, 17, 1000]) {
    const facts = Uint8Array.of(1, 2, 3);
    const optional = payloadOf(3, [...columns, { head: 2 * at + 1, facts }]);
    expect(decodeEntries(optional)).toEqual(listed);
    expect(codeOf(payloadOf(3, [...columns, { head: 2 * at, facts }]))).toBe("UNSUPPORTED");
  }
});

it("refuses columns that are missing, out of order, there twice, or too short or long", () => {
  for (const [i, column] of columns.entries()) {
    const with_ = (...some: readonly Column[]): Bytes =>
      payloadOf(3, [...columns.slice(0, i), ...some, ...columns.slice(i + 1)]);
    expect(codeOf(with_()), `without ${i}`).toBe("BAD_MESSAGE");
    expect(codeOf(with_(column, column)), `${i} twice`).toBe("BAD_MESSAGE");
    expect(codeOf(with_({ ...column, facts: concatBytes([column.facts, Uint8Array.of(0)]) }))).toBe(
      "BAD_MESSAGE",
    );
    expect(codeOf(with_({ ...column, facts: column.facts.slice(0, -1) }))).toBe("BAD_MESSAGE");
  }
  expect(codeOf(payloadOf(3, [...columns].reverse()))).toBe("BAD_MESSAGE");
});

it("decodes any bytes to entries or a refusal, and cut or changed ones likewise", () => {
  const right = encodeEntries(listed);
  const codes = ["ok", "BAD_MESSAGE", "LIMIT", "UNSUPPORTED"];
  fc.assert(
    fc.property(fc.nat(right.length - 1), fc.nat(255), fc.boolean(), (at, value, isCut) => {
      const bytes = right.slice(0, isCut ? at : undefined);
      if (!isCut) bytes[at] = value;
      expect(codes).toContain(codeOf(bytes));
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(codes).toContain(codeOf(bytes as Bytes));
    }),
  );
});
