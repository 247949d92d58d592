import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { builtCli } from "../built.ts";
import { listening } from "./listening.ts";
import { freshFolder, rsyncStream } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";

it("--temp-dir is DST's over each way there, and a server's below the place alone", async () => {
  const work = freshFolder();
  plant(join(work, "tree"), { a: "a", "dir/b": noise(300_000, "b") });
  mkdirSync(join(work, "root", "copy", "temp"), { recursive: true });
  const server = await listening("serve", join(work, "root"));
  plant(work, { shell: 'shift; exec sh -c "$*"' });
  const far = ["--remote-path", `${process.execPath} ${builtCli()}`, "-e", `sh ${join(work, "shell")}`];
  const copy = join(work, "root", "copy");
  const ways = [[`${server.url}copy/`], [`${server.url}copy/`.replace(/^http/, "ws")], [...far, `h:${copy}`]];
  for (const [at, way] of ways.entries()) {
    plant(join(work, "tree"), { [`new${at}`]: noise(100_000, String(at)) });
    const push = (dir: string) => rsyncStream(["push", "--temp-dir", dir, `${work}/tree/`, ...way]);
    expect(await push("temp")).toMatchObject({ code: 0 });
    const arrived = picture(copy).filter((line) => !line.startsWith("temp"));
    expect(arrived).toEqual(picture(join(work, "tree")));
    expect(readdirSync(join(copy, "temp"))).toEqual([]);
    const isServer = way.length === 1;
    expect(await push("../../outside")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(isServer ? /no directory outside/ : /no such directory for temporary/),
    });
  }
  expect(await server.stop()).toBe(0);
});
