import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { encodeByteText } from "../../../src/bytes/byte-text.ts";
import { byteWords, quoteForShell } from "../../../src/transfer/shell-words.node.ts";
import { missing, notPosix, unless } from "../../obstacles.ts";

unless(notPosix).describe("a program gets the bytes", () => {
  it("of all its arguments, through two shells", () => {
    const word = `it's a "$HOME" \\ 💀\udc80\udcff'\n\udce9`;
    const [command, ...args] = byteWords(["sh", "-c", `printf %s ${quoteForShell(word)}`]);
    expect(Uint8Array.from(execFileSync(command, args))).toEqual(encodeByteText(word));
  });

  for (const shell of ["fish", "tcsh", "zsh", "dash"])
    unless(missing(shell)).test(`of a word that ${shell} reads`, () => {
      const word = String.raw`it's a \\ "$HOME"!x !! \' \n`;
      const words = `printf %s ${quoteForShell(word)}`;
      expect(execFileSync(shell, ["-c", words]).toString()).toBe(word);
    });

  it("and what other shells read between quotes stands outside of them", () => {
    expect(quoteForShell(String.raw`a\b!c'd`)).toBe(String.raw`'a'\\'b'\!'c'\''d'`);
  });

  it("and no shell is asked where all is text", () => {
    expect(byteWords(["ssh", "-p", "2 2", "'"])).toEqual(["ssh", "-p", "2 2", "'"]);
  });
});
