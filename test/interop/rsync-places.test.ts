import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { transfer } from "../../src/transfer/transfer.node.ts";
import { freshFolder } from "../cli/run.ts";
import { missing, unless } from "../obstacles.ts";
import { findLibc } from "../../src/tree/disk/calls/libc.node.ts";

const texts = ["a", "../../etc/passwd", "/etc/passwd", "/rsyncd-munged/x", "/rsyncd-munged/"];

function plantLinks(dir: string): void {
  fs.mkdirSync(dir);
  for (const [i, text] of texts.entries()) fs.symlinkSync(text, join(dir, `link${i}`));
}

function linksIn(dir: string): Record<string, string> {
  return Object.fromEntries(fs.readdirSync(dir).map((name) => [name, fs.readlinkSync(join(dir, name))]));
}

/** What starts the program of the other end here. */
const rsh = `sh -c 'exec "$@"'`;

describe("munged links", () => {
  const { test } = unless(missing("rsync"));

  test("are munged as rsync munges them, and given back by either", async () => {
    const folder = freshFolder();
    const at = (name: string): string => join(folder, name);
    plantLinks(at("from"));
    execFileSync("rsync", ["-rl", "--munge-links", "-e", rsh, `host:${at("from")}/`, at("theirs")]);
    for (let round = 0; round < 2; round++) {
      const { received } = await munged(at("from"), at("ours"), "receiver");
      expect(linksIn(at("ours"))).toEqual(linksIn(at("theirs")));
      // What is munged already does not change again.
      expect(received).toBe(round === 0 ? texts.length : 0);
    }
    expect(linksIn(at("ours"))["link2"]).toBe("/rsyncd-munged//etc/passwd");
    await munged(at("theirs"), at("back"), "sender");
    execFileSync("rsync", ["-rl", "--munge-links", `${at("ours")}/`, at("their-back")]);
    expect(linksIn(at("back"))).toEqual(linksIn(at("from")));
    expect(linksIn(at("their-back"))).toEqual(linksIn(at("from")));
  });

  async function munged(from: string, to: string, munging: "sender" | "receiver") {
    let received = 0;
    const onChange = ({ kind }: { kind: string }): void => void (received += kind === "symlink" ? 1 : 0);
    await transfer(`${from}/`, to, { keep: { munging }, onChange });
    return { received };
  }
});

describe("room that is taken in advance", () => {
  const { test } = unless(findLibc()?.fallocate ? undefined : "koffi is not installed");

  test("a file of zeros has all of its blocks, and otherwise none", async () => {
    const folder = freshFolder();
    const size = 4_000_000;
    fs.mkdirSync(join(folder, "from"));
    fs.writeFileSync(join(folder, "from", "zeros"), new Uint8Array(size));
    for (const preallocates of [true, false]) {
      const to = join(folder, String(preallocates));
      await transfer(`${folder}/from/`, to, { preallocates });
      const { blocks, size: actual } = fs.statSync(join(to, "zeros"));
      expect(actual).toBe(size);
      expect(blocks * 512 >= size).toBe(preallocates);
    }
  });
});
