import fc from "fast-check";
import { expect, test } from "vitest";
import { isSyncError } from "../../../../src/errors.ts";
import { decodeEntries, encodeEntries } from "../../../../src/session/levels/entries/entry-codec.ts";
import { findFactsFault } from "../../../../src/tree/entry/fact-rows.ts";
import { type AclEntry, factLimits, type Facts } from "../../../../src/tree/entry/facts.ts";

const bytes = fc.uint8Array({ min: 1, maxLength: 9 });
const owner = fc.record(
  { id: fc.nat({ max: 2 ** 32 - 2 }), name: fc.string({ minLength: 1, maxLength: 9 }) },
  { requiredKeys: ["id"] },
);
const xattrs = fc
  .uniqueArray(
    bytes.filter(({ length }) => length > 0).map((name) => String.fromCharCode(...name)),
    { maxLength: 4 },
  )
  .chain((names) =>
    fc.tuple(...names.sort().map((name) => fc.record({ name: fc.constant(name), value: bytes }))),
  );
const permissions = fc.nat({ max: 7 });
const acl = fc
  .record({ users: fc.array(owner), groups: fc.array(owner), permissions })
  .map((given): readonly AclEntry[] => [
    { tag: "user-owner", permissions: given.permissions },
    ...given.users.map((one) => ({ tag: "user", permissions: 5, owner: one }) as const),
    { tag: "group-owner", permissions: 7 },
    ...given.groups.map((one) => ({ tag: "group", permissions: 0, owner: one }) as const),
    { tag: "mask", permissions: 1 },
    { tag: "other", permissions: 2 },
  ]);
const facts: fc.Arbitrary<Facts> = fc.record(
  {
    user: owner,
    group: owner,
    accessed: fc.record({
      sec: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      nsec: fc.nat(999_999_999),
    }),
    xattrs,
    acl,
    defaultAcl: acl,
  },
  { requiredKeys: [] },
);

const plain = { depth: 0, kind: "file", size: 0, mode: 0, mtimeSec: 0, mtimeNsec: 0 } as const;

/** Entries with these facts each. */
const encode = (all: readonly (Facts | undefined)[]): Uint8Array =>
  encodeEntries(
    all.map((told, i) => ({
      entry: { ...plain, name: Uint8Array.of(i + 1), ...(told && { facts: told }) },
      unasked: false,
    })),
  );

test("what is told of facts is read as it was, and cut short anywhere it is refused", () => {
  fc.assert(
    fc.property(fc.array(fc.option(facts, { nil: undefined }), { minLength: 1, maxLength: 5 }), (told) => {
      const all = told.flatMap((one) => [one, one]); // the same object twice is told once
      const payload = encode(all);
      const read = decodeEntries(payload).map(({ entry }) => entry.facts ?? {});
      expect(read).toEqual(all.map((one) => one ?? {}));
      for (const one of read) expect(findFactsFault(one)).toBeUndefined();
      const required = encode(all.map(() => undefined)).length;
      for (let end = 0; end < payload.length; end++) {
        try {
          // Without some of the columns of facts it is whole as well.
          expect(decodeEntries(payload.subarray(0, end))).toHaveLength(all.length);
          expect(end).toBeGreaterThanOrEqual(required);
        } catch (thrown) {
          if (!isSyncError(thrown, "BAD_MESSAGE")) throw thrown;
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("entries with the same facts share them, also behind one that has others", () => {
  const same: Facts = { user: { id: 1, name: "a" }, group: { id: 2 }, xattrs: [] };
  const all = [same, same, { ...same, group: { id: 3 } }, undefined, same];
  const read = decodeEntries(encode(all)).map(({ entry }) => entry.facts);
  expect(read).toEqual(all);
  expect(read[1]).toBe(read[0]);
});

test("without facts nothing is said of them", () => {
  expect(encode([undefined, {}])).toEqual(encode([undefined, undefined]));
});

const base = { tag: "user-owner", permissions: 7 } as const;
const rest = [
  { tag: "group-owner", permissions: 7 },
  { tag: "other", permissions: 7 },
] as const;

test.each<[string, Facts]>([
  ["a user that is none", { user: { id: 2 ** 32 - 1 } }],
  ["a negative group", { group: { id: -1 } }],
  ["a name with a zero", { user: { id: 1, name: "a\0" } }],
  ["a late access", { accessed: { sec: 2 ** 52, nsec: 0 } }],
  ["too many nanoseconds", { accessed: { sec: 0, nsec: 1e9 } }],
  [
    "attributes out of order",
    { xattrs: ["user.b", "user.a"].map((name) => ({ name, value: new Uint8Array() })) },
  ],
  ["an attribute twice", { xattrs: ["user.a", "user.a"].map((name) => ({ name, value: new Uint8Array() })) }],
  ["an attribute without a name", { xattrs: [{ name: "", value: new Uint8Array() }] }],
  ["too long a value", { xattrs: [{ name: "user.a", value: new Uint8Array(factLimits.xattrsBytes) }] }],
  ["an ACL without its base", { acl: [base] }],
  ["an ACL out of order", { acl: [...rest, base] }],
  ["a base entry twice", { acl: [base, base, ...rest] }],
  ["a user without a number", { acl: [base, { tag: "user", permissions: 1 }, ...rest] }],
  [
    "a mask with a number",
    { acl: [base, rest[0], { tag: "mask", permissions: 1, owner: { id: 1 } }, rest[1]] },
  ],
])("%s is refused", (_, told) => {
  expect(findFactsFault(told)).toBeTypeOf("string");
});

test("an ACL that is too long is refused for that", () => {
  const named = Array.from({ length: factLimits.aclEntryCount - 2 }, (_, id): AclEntry => ({
    tag: "user",
    permissions: 4,
    owner: { id },
  }));
  expect(findFactsFault({ acl: [base, ...named.slice(1), ...rest] })).toBeUndefined();
  expect(findFactsFault({ acl: [base, ...named, ...rest] })).toContain("more entries than are sent");
});
