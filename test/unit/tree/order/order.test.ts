import { describe, expect, it, test } from "vitest";
import {
  asksForDeletion,
  decodeOrder,
  encodeOrder,
  fieldsOf,
} from "../../../../src/tree/order/order-codec.ts";
import { orderFields } from "../../../../src/tree/order/order-fields.ts";
import type { Order } from "../../../../src/tree/order/order.ts";

const whole: Required<Order> = {
  dryRun: true,
  maxDeletedCount: 7,
  deletesAfterErrors: true,
  forcesDirs: true,
  refusesEmpty: true,
  prunesEmptyDirs: true,
  keepsDirLinks: true,
  removesSourceFiles: true,
  makesPath: true,
  copyLinks: true,
  copyDirLinks: true,
  copyUnsafeLinks: true,
  oneFileSystem: true,
  omitsMountPoints: true,
  flatDirs: true,
  paths: ["a/b", "\udcff"],
  filter: ["- *.o", "P /\udcff'\"\\ü"],
  deletesExcluded: true,
  snapshot: true,
  inPlace: true,
  store: "../all.castr",
  chunking: "casync",
  preallocates: true,
  part: "2/5",
  fileRange: { offset: 5, size: 7, fileBytes: 20 },
  restarts: true,
  compressionLevel: 9,
  retention: "daily:7",
  durability: "all",
  bytesPerSecond: 4096,
  tellsChanges: true,
  rule: {
    equality: "size",
    windowSec: 2,
    keepsNewer: true,
    onlySafeLinks: true,
    onlyExisting: true,
    onlyNew: false,
    onlyLonger: true,
    minBytes: 0,
    maxBytes: 9,
  },
  backupDir: "../kept",
  backupSuffix: ".old",
  tempDir: "../temp",
  compareDest: ["a"],
  copyDest: ["b", "\udcff"],
  linkDest: ["../c"],
  keep: { owner: true, userMap: "*:root", munging: "sender", fakeSuper: "receiver" },
};

test("an order arrives as it was given", () => {
  expect(Object.keys(whole).sort()).toEqual(Object.keys(orderFields).sort());
  const told = (["sender", "receiver"] as const).map((end) => decodeOrder(encodeOrder(whole, end)!, end));
  expect(Object.assign({}, ...told)).toEqual(whole);
});

test("each end is told what it carries out", () => {
  expect(JSON.parse(encodeOrder(whole, "sender")!)).toEqual({
    filter: whole.filter,
    bytesPerSecond: 4096,
    chunking: "casync",
    compressionLevel: 9,
    deletesExcluded: true,
    keep: whole.keep,
    prunesEmptyDirs: true,
    removesSourceFiles: true,
    copyLinks: true,
    copyDirLinks: true,
    copyUnsafeLinks: true,
    oneFileSystem: true,
    omitsMountPoints: true,
    flatDirs: true,
    paths: ["a/b", "\udcff"],
    tellsChanges: true,
  });
});

test("what asks for nothing is not told", () => {
  const idle: Order = {
    dryRun: false,
    maxDeletedCount: undefined,
    filter: [],
    deletesExcluded: false,
    rule: {},
  };
  expect(fieldsOf(idle)).toEqual([]);
  expect(encodeOrder(idle, "receiver")).toBeUndefined();
  expect(asksForDeletion(idle)).toBe(false);
});

test("nothing may be deleted is something", () => {
  expect(asksForDeletion({ maxDeletedCount: 0 })).toBe(true);
});

describe("refused", () => {
  it.each([
    "",
    "[]",
    "null",
    "1",
    "{",
    '{"dryRun":1}',
    '{"maxDeletedCount":-1}',
    '{"maxDeletedCount":1.5}',
    '{"maxDeletedCount":"1"}',
    '{"maxDeletedCount":9007199254740992}',
    '{"filter":"- a"}',
    '{"filter":[1]}',
    '{"filter":["- a\\u0000"]}',
    `{"filter":${JSON.stringify(Array.from({ length: 10_001 }, () => ""))}}`,
    `{"filter":["${"x".repeat(8193)}"]}`,
    '{"durability":"never"}',
    '{"rule":[]}',
    '{"rule":{"equality":"any"}}',
    '{"rule":{"windowSec":86401}}',
  ])("%s", (text) => {
    expect(() => decodeOrder(text, "receiver")).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  });

  it.each(['{"bogus":1}', '{"rule":{"bogus":true}}', '{"toString":1}', '{"__proto__":{}}'])(
    "what is not known: %s",
    (text) => {
      expect(() => decodeOrder(text, "receiver")).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    },
  );

  it("a rate at which nothing would ever go out", () => {
    expect(() => decodeOrder('{"bytesPerSecond":0}', "sender")).toThrow(/takes a whole number from 1/);
  });

  it("what is for the other end", () => {
    expect(() => decodeOrder('{"dryRun":true}', "sender")).toThrow(/not for the sender/);
  });
});
