import { expect, it } from "vitest";
import { escapeText } from "../../../src/cli/report/escaped-text.ts";

it("people see numbers of bytes", () => {
  expect(escapeText("b\udce9💀\n")).toBe("b\\xe9💀\\x0a");
});
