import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

/** A stand-in for ssh: drops the host and runs the rest. */
function shellAt(folder: string): string[] {
  writeFileSync(join(folder, "shell"), 'shift\nexec sh -c "$*"\n');
  return ["-e", `sh ${join(folder, "shell")}`, "--remote-path", `${process.execPath} ${builtCli()}`];
}

it("goes from one host to another, with what deletes and what leaves out", async () => {
  const folder = freshFolder();
  plant(join(folder, "tree"), { "a.txt": "one", "b.o": "two", big: noise(300_000, "big") });
  plant(join(folder, "copy"), { old: "old" });
  const places = [`one:${join(folder, "tree")}/`, `two:${join(folder, "copy")}`];
  const options = [...shellAt(folder), "--delete", "--exclude=*.o"];
  const dry = await rsyncStream(["sync", "-n", ...places, ...options]);
  expect(dry.stderr).toContain("deleted old\n");
  expect(dry.stderr).toContain("new big\n");
  const { code, stderr } = await rsyncStream(["sync", ...places, ...options]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/^received: /m);
  expect(picture(join(folder, "copy")).join("\n")).not.toMatch(/old|b\.o/);
  expect(picture(join(folder, "copy")).length).toBe(2);
});

it("goes from a host to a server", async () => {
  const folder = freshFolder();
  plant(join(folder, "tree"), { "a.txt": "one" });
  plant(join(folder, "served"), {});
  const server = await listening("serve", join(folder, "served"), "--listen", "127.0.0.1:0");
  const { code, stderr } = await rsyncStream([
    ...["sync", `one:${join(folder, "tree")}/`, `${server.url}copy`],
    ...shellAt(folder),
  ]);
  expect(code, stderr).toBe(0);
  expect(picture(join(folder, "served", "copy"))).toEqual(picture(join(folder, "tree")));
});

it("says that -z and --source-token-file do not go with this", async () => {
  const squeezed = await rsyncStream(["sync", "-z", "one:a", "two:b"]);
  expect(squeezed).toMatchObject({ code: 2, stderr: expect.stringContaining("is not compressed") });
  const shown = await rsyncStream(["sync", "--source-token-file", "no", "a", "http://127.0.0.1:1/b"]);
  expect(shown).toMatchObject({ code: 2, stderr: expect.stringContaining("neither end is here") });
});
