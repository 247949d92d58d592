import { expect, test } from "vitest";
import { isShellPlace } from "../../../src/casync/ssh-chunks.node.ts";

test.each([
  ["h:path", true, false],
  ["me@h:path", true, true],
  ["host:path", true, true],
  ["[::1]:path", true, true],
  ["./h:path", false, false],
  ["C:\\store", true, false],
  ["http://host/store", false, false],
])("%s is at another host: %s, and %s on Windows, where one letter is a drive", (place, here, windows) => {
  expect(isShellPlace(place, "linux")).toBe(here);
  expect(isShellPlace(place, "win32")).toBe(windows);
});
