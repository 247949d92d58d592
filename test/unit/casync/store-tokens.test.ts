import { expect, test } from "vitest";
import { withToken } from "../../../src/casync/open-store.node.ts";

test.each([
  ["https://h/-/chunks/", true],
  ["http://h:1/below/-/chunks", true],
  ["https://h/-/indexes", true],
  ["https://gitlab.example/group/project/-/package_files/1/", false],
  ["https://h/-/", false],
  ["https://h/store?/-/chunks/", false],
  ["https://h/-/chunks/../../other", false],
  ["/-/chunks/", false],
])("the token of a server of this library is shown to %s: %s", (url, isShown) => {
  const headers = isShown ? { authorization: "Bearer secret" } : undefined;
  expect(withToken({}, "secret", url)).toEqual({ ...(headers && { headers }) });
});
