import { expect, it } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { ioError } from "../../../src/store/io-error.node.ts";

const systemError = (code: string) => Object.assign(new Error(`${code}: no`), { code });

it.each([
  ["ENOENT", "NOT_FOUND"],
  ["ENOSPC", "NO_SPACE"],
  ["EDQUOT", "NO_SPACE"],
  ["EACCES", "IO"],
  ["EMFILE", "IO"],
])("makes %s of the system a %s, with path and cause", (errno, code) => {
  const thrown = systemError(errno);
  expect(ioError(thrown, "/a/b")).toMatchObject({ code, detail: { path: "/a/b" }, cause: thrown });
});

it("passes errors of ours as they are", () => {
  const ours = new SyncError("CORRUPT", "rotten");
  expect(ioError(ours, "/a/b")).toBe(ours);
});
