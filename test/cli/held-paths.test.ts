import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freshFolder, runShell } from "./run.ts";
import { noise, picture, plant } from "./trees.ts";
import { type Obstacle, unless } from "../obstacles.ts";

/** A call of a traced program that takes paths. */
interface Call {
  readonly text: string;
  /** Each with what it is looked up in: an open directory, or the working directory. */
  readonly paths: readonly { readonly from: string; readonly path: string }[];
}

function noTracing(): Obstacle {
  const { status } = spawnSync("strace", ["-e", "trace=%file", "true"]);
  return status === 0 ? undefined : "there is no strace, or it may not trace";
}

/** Runs a line of shell in a folder, with a traced receiver in it as `$RECV`. */
async function traceReceiver(folder: string, line: string): Promise<Call[]> {
  const trace = join(folder, "trace");
  mkdirSync(trace);
  const strace = `strace -ff -y -s 4096 -e trace=%file -e signal=none -o ${trace}/t`;
  const { stderr } = await runShell(`cd "$1"; RECV="${strace} $RS recv"; ${line}`, folder);
  expect(stderr).toContain("received: ");
  const texts = readdirSync(trace).map((name) => readFileSync(join(trace, name), "utf8"));
  return texts.flatMap((text) => text.split("\n").filter(Boolean).map(parseCall));
}

function parseCall(text: string): Call {
  const found = text.matchAll(/(?:(AT_FDCWD|\d+)(?:<[^>]*>)?, )?"([^"]*)"/g);
  return { text, paths: [...found].map(([, from = "AT_FDCWD", path = ""]) => ({ from, path })) };
}

/** Paths that lead below the destination, or may. */
const leadsBelow = /^\/proc\/self\/fd\/|(?:^|\/)to\/|\.rsync-stream/;

/** True for a path that leads somewhere by a name in an open directory, and no further. */
function isOneName({ from, path }: Call["paths"][number]): boolean {
  if (/^\/proc\/self\/fd\/\d+(?:\/[^/]+)?$/.test(path)) return true;
  return from !== "AT_FDCWD" && !path.includes("/");
}

unless(noTracing()).describe("a receiver", () => {
  it.each(["to", "../folder/to", "$PWD/to"])(
    "goes below %s by one name at a time, each in a directory that is open, and opens no link",
    async (place) => {
      const folder = join(freshFolder(), "folder");
      plant(join(folder, "from"), {
        "deep/er/big": noise(300_000, "big"),
        "deep/er/link": "-> big",
        "deep/file": "new",
        "kinds/dir": "in the place of a directory",
        "kinds/file/in": "in the place of a file",
        "kinds/file/deep/er/in": noise(100_000, "in2"),
        "kinds/link/in": "in the place of a link",
        same: "touched",
        z: noise(2_000_000, "z"),
      });
      plant(join(folder, "to"), {
        "deep/file": "older",
        "extra/deep/er/file": "extra",
        "kinds/dir/in": "in a directory",
        "kinds/file": "a file",
        "kinds/link": "-> ../../outside",
        same: "touched",
      });
      plant(join(folder, "outside"), { in: "outside" });
      for (const side of ["from", "to"]) utimesSync(join(folder, side, "same"), 1, 1);
      // What is left of one that broke off is made use of, and goes: a directory built aside among
      // it.
      await runShell(`cd "$1"; $RS send from/ | head -c 1500000 | $RS recv to`, folder);
      expect(readdirSync(join(folder, "to", ".rsync-stream")).length).toBeGreaterThan(1);
      const calls = await traceReceiver(folder, `$RS send from/ | $RECV --delete ${place}`);
      const below = join(folder, "to/");
      const stray = calls.filter(({ paths }) =>
        paths.some((each) => leadsBelow.test(each.path) && !isOneName(each)),
      );
      expect(stray).toEqual([]);
      const opened = calls.filter(
        ({ text }) => text.includes(" = ") && text.split(" = ").at(-1)!.includes(below),
      );
      expect(opened.length).toBeGreaterThan(10);
      const following = opened.filter(
        ({ text }) => !text.includes("O_NOFOLLOW") && !/fd\/\d+\/\.", .*O_DIRECTORY/.test(text),
      );
      expect(following).toEqual([]);
      expect(picture(join(folder, "to"))).toEqual(picture(join(folder, "from")));
      expect(readdirSync(join(folder, "outside"))).toEqual(["in"]);
    },
  );
});
