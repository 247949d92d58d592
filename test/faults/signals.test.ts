import { once } from "node:events";
import { expect } from "vitest";
import { seededRandom } from "../../src/testing/random.ts";
import { shell } from "../cli/run.ts";
import { notLinux, unless } from "../obstacles.ts";
import { printedSeed } from "../printed-seed.ts";
import { tempDir } from "../unit/tree/disk/disk-tree.ts";
import { prepare } from "./points.ts";
import { folderFor, scenarioOf, worldIn } from "./scenarios.ts";
import { differences, faultsIn } from "./world.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGUSR1", "SIGQUIT"] as const;

/** Lines of shell that do what the scenario does: `$1` is its folder. */
const commands = {
  sync: 'exec $RS sync -q --delete --force "$1/from/" "$1/around/to"',
  recv: 'exec $RS recv -q --delete --force "$1/around/to" < <($RS send "$1/from/")',
  push: `exec $RS push -q --delete --force -e "sh -c 'shift; exec sh -c \\"\\$*\\"' sh" --remote-path "$RS" "$1/from/" "there:$1/around/to"`,
} as const;

/** Those that end a command by itself; of the others, it says how far it is, or does not care. */
const ending: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGQUIT"];

/** `npm run soak` asks for so many of each signal to each command. */
const momentCount = Number(process.env["SIGNAL_MOMENTS"] ?? 0);
const shortCount = 2;

/** Runs a command, and sends it a signal after a while. */
async function runUntil(line: string, folder: string, signal: NodeJS.Signals | undefined, afterMs: number) {
  const started = Date.now();
  const child = shell(line, folder);
  child.stdout!.resume();
  child.stderr!.resume();
  const timer = signal && setTimeout(() => child.kill(signal), afterMs);
  const [code, by] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return { code, by, tookMs: Date.now() - started };
}

unless(notLinux).test(
  "whatever signal comes, whenever: each path has the old or the new, and the next run ends well",
  async () => {
    using temp = tempDir();
    const random = seededRandom(printedSeed());
    const scenario = scenarioOf("delete");
    const prepared = await prepare(scenario, temp.path);
    const all = Object.entries(commands).flatMap(([name, line]) =>
      signals.map((signal) => ({ name, line, signal })),
    );
    const some = (): (typeof all)[number] => all[Math.floor(random() * all.length)]!;
    const chosen =
      momentCount > 0
        ? Array.from({ length: momentCount }, () => all).flat()
        : Array.from({ length: shortCount }, some);
    const wrong: string[] = [];
    const ends = new Map<string, number>();
    let usualMs = 500;
    for (const { name, line, signal } of chosen) {
      using folder = folderFor(temp.path);
      scenario.plant(folder.path);
      const afterMs = random() * usualMs;
      const { code, by } = await runUntil(line, folder.path, signal, afterMs);
      const end = `${name}, ${signal}: ${code ?? by}`;
      ends.set(end, (ends.get(end) ?? 0) + 1);
      const now = worldIn(folder.path, scenario);
      // Until the program has started, each signal does what it does to any.
      const hasBegun = by !== signal || differences(now, prepared.before).length > 0;
      const isTrue = code === 0 || ending.includes(signal) || name === "push" || !hasBegun;
      const faults = faultsIn(now, prepared);
      if (code === 0) faults.push(...differences(worldIn(folder.path, scenario), prepared.after));
      const again = await runUntil(line, folder.path, undefined, 0);
      usualMs = again.tookMs;
      if (again.code !== 0) faults.push(`the next run ends with ${again.code ?? again.by}`);
      faults.push(
        ...differences(worldIn(folder.path, scenario), prepared.after).map(
          (one) => `after the next run ${one}`,
        ),
      );
      if (!isTrue) faults.push("nothing asked it to end");
      wrong.push(...faults.map((fault) => `${end}, after ${Math.round(afterMs)} ms: ${fault}`));
    }
    console.log([...ends].map(([end, count]) => `${end} × ${count}`).join("\n"));
    console.log(`${chosen.length} signals, ${wrong.length} violations`);
    expect(wrong).toEqual([]);
  },
);
