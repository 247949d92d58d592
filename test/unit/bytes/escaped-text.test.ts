import { expect, it } from "vitest";
import { SyncError } from "../../../src/errors.ts";
import { jsonReport } from "../../../src/cli/report/json-report.ts";
import { escapeText, jsonText } from "../../../src/bytes/escaped-text.ts";

it("people see numbers of bytes", () => {
  expect(escapeText("b\udce9💀\n")).toBe("b\\xe9💀\\x0a");
});

// oxlint-disable-next-line no-control-regex -- these are looked for
const obeyed = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Of each kind of character that a terminal takes for more than text. */
const odd = "\u0000\u001b\u007f\u0085\u009b\u061c\u200e\u200f\u2028\u202e\u2066\u2069 ü💀\udce9";

it("JSON has no character that a terminal obeys, and says the same to a parser", () => {
  const text = jsonText({ path: odd });
  expect(text).not.toMatch(obeyed);
  expect(JSON.parse(text)).toEqual({ path: odd });
});

it("nor have reports of programs", () => {
  let written = "";
  const report = jsonReport({ quiet: false, verbose: true, write: (text) => void (written += text) });
  report.notice(odd);
  report.trouble(new SyncError("IO", odd, { detail: { path: odd } }));
  report.change({ change: "new", path: odd, kind: "file", size: 0, differs: [] });
  expect(written.split("\n")).toHaveLength(4);
  expect(written.replaceAll("\n", "")).not.toMatch(obeyed);
});
