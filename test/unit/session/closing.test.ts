import { expect, test } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { decodeError, encodeError } from "../../../src/session/closing.ts";

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

test("an error with the longest text and path fits into its frame", () => {
  const detail = { path: "\u{ffff}".repeat(512) };
  expect(encodeError(new SyncError("IO", "\u{ffff}".repeat(600), { detail })).length).toBeLessThan(4096);
});
