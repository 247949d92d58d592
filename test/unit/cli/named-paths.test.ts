import { expect, test } from "vitest";
import { readNamedPaths } from "../../../src/cli/options/named-paths.ts";

test.each([
  ["/none/here", { code: "NOT_FOUND", message: "no such file or directory" }],
  ["/", { code: "IO", message: "this is a directory" }],
])("a file of names that cannot be read is told as others are: %s", (path, told) => {
  expect(() => readNamedPaths(path, false)).toThrow(expect.objectContaining({ ...told, detail: { path } }));
});
