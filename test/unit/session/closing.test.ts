import { expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import {
  decodeDone,
  decodeError,
  decodeFailed,
  decodeUnlisted,
  encodeDone,
  encodeError,
  encodeFailed,
  encodeUnlisted,
} from "../../../src/session/closing.ts";
import { encodeTuple } from "../../../src/session/tuple.ts";
import type { Bytes } from "../../../src/types.ts";

test.each([
  ["dir/file", "dir/file"],
  ["/srv/private/dir", undefined],
  ["C:\\private", undefined],
  ["\\\\host\\private", undefined],
  ["x".repeat(513), undefined],
  ["x".repeat(512), "x".repeat(512)],
  [undefined, undefined],
])("of an error about %s the other end hears %s", (path, told) => {
  const detail = path === undefined ? {} : { path };
  const heard = decodeError(encodeError(new SyncError("NO_SPACE", "no room", { detail })));
  expect(heard).toMatchObject({ code: "NO_SPACE", message: "no room", remote: true });
  expect(heard.detail.path).toBe(told);
});

test.each(["a\udce9/\tb", "é\ufeff", "\ufeffa"])(
  "of an entry at %j the other end hears the bytes",
  (path) => {
    const error = new SyncError("IO", "no", { detail: { path } });
    expect(decodeError(encodeError(error)).detail.path).toBe(path);
    expect(decodeUnlisted(encodeUnlisted(error)).detail.path).toBe(path);
    expect(decodeFailed(encodeFailed(error, 1), 2).error.detail.path).toBe(path);
  },
);

test("bytes of a path are at most as many as those of the longest path", () => {
  const failed = (length: number): Bytes => encodeTuple([0, "no", "", new Uint8Array(length)]);
  expect(decodeUnlisted(failed(4096)).detail.path).toHaveLength(4096);
  expect(decodeUnlisted(encodeTuple([0, "no", "x".repeat(5000)])).detail.path).toHaveLength(4096);
  expect(() => decodeUnlisted(failed(4097))).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  expect(() => decodeUnlisted(encodeTuple([0, "no", "", 7]))).toThrow("bytes of a message");
});

test("an error with the longest text and path fits into its frame", () => {
  const detail = { path: "\u{ffff}".repeat(512) };
  expect(encodeError(new SyncError("IO", "\u{ffff}".repeat(600), { detail })).length).toBeLessThan(4096);
});

test("DONE says how many bytes are missing, from none to the most that a number is", () => {
  const done = { entries: 1, files: 0, failed: 0, deleted: 0, transcript: new Uint8Array(32) };
  for (const missingBytes of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])
    expect(decodeDone(encodeDone({ ...done, missingBytes }))).toEqual({ ...done, missingBytes });
  for (const missingBytes of [-1, 0.5, 2 ** 53, "1", undefined]) {
    const payload = encodeTuple([1, 0, 0, 0, missingBytes, done.transcript]);
    expect(() => decodeDone(payload)).toThrow(expect.objectContaining({ code: "BAD_MESSAGE" }));
  }
});
