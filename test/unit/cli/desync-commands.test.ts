import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { readDesyncArguments } from "../../../src/cli/desync/desync-arguments.ts";
import { desyncCommands } from "../../../src/cli/desync/desync-commands.ts";
import { missing, unless } from "../../obstacles.ts";

const stores =
  "--ca-cert --cache-repair -r --client-cert --client-key --concurrency -n --error-retry -e --error-retry-base-interval -b --store -s --trust-insecure -t";
const cached = `${stores} --cache -c`;
const server = "--authorization --cert --key --client-ca --listen -l --log --mutual-tls --writeable -w";

/** What each command of desync 1.0.0 takes. */
const taken: Readonly<Record<string, string>> = {
  cache: `${cached} --ignore --ignore-chunks`,
  cat: `${cached} --length -l --offset -o`,
  chop: `${stores} --ignore --ignore-chunks`,
  chunk: "--chunk-size -m --start -S",
  "chunk-server": `${cached} ${server} --skip-verify-read --skip-verify-write --store-file --uncompressed -u`,
  config: "--write -w",
  extract: `${cached} --in-place -k --print-stats --regenerate-invalid-seeds --seed --seed-dir --skip-invalid-seeds`,
  "index-server": `${stores} ${server}`,
  info: `${cached} --chunks-info --format -f --seed`,
  "inspect-chunks": stores,
  "list-chunks": stores,
  make: `${stores} --chunk-size -m --print-stats`,
  "mount-index": `${cached} --cor-file --cor-init-n --cor-state-init --cor-state-save --store-file`,
  mtree: `${cached} --index -i`,
  prune: `${stores} --yes -y`,
  pull: "",
  tar: `${stores} --chunk-size -m --index -i --input-format --no-time --one-file-system -x --tar-add-root`,
  untar: `${cached} --index -i --no-same-owner --no-same-permissions --output-format`,
  verify: "--concurrency -n --repair -r --store -s",
  "verify-index": stores,
};

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

test.each(Object.keys(taken))("%s takes all that desync takes", async (name) => {
  const command = await desyncCommands[name]!();
  for (const word of words(taken[name]!))
    expect(() => readDesyncArguments([`${word}=1`], command.options), word).not.toThrow();
});

/** Commands of desync's framework, which are about itself. */
const own = new Set(["completion", "help", "manpage"]);

const { test: peerTest } = unless(missing("desync"));

peerTest("desync itself takes no more than that", () => {
  const helpOf = (...args: readonly string[]): string => {
    const { stdout, stderr } = spawnSync("desync", [...args, "--help"]);
    return `${String(stdout)}${String(stderr)}`;
  };
  const list = helpOf().split("Available Commands:")[1]!.split("\n\n")[0]!;
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names.filter((one) => !own.has(one))) {
    const flags = helpOf(name).split("\nFlags:\n")[1]!.split("\n\n")[0]!;
    const found = [...flags.matchAll(/^ +(?:(-\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [
      long,
      short,
    ]);
    const more = found.filter((word) => word !== undefined && !["--help", "-h"].includes(word));
    expect([name, more.filter((word) => !words(taken[name] ?? "").includes(word!))]).toEqual([name, []]);
  }
});
