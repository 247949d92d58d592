// `npm run soak [-- PART] [SECONDS]`: what `npm test` does in a short form, in full. Without a
// part, all of them but the nightly one, which says early how long it takes; what never ends by
// itself takes a minute, or as many seconds as are given.
import { findMistakes } from "./mistakes.mjs";
import { run } from "./run.mjs";

/** What is set for the tests of each part. */
const parts = {
  "kill-points": { tests: ["test/faults/kill-points.test.ts"], env: { FAULT_POINTS: "all" } },
  "error-points": { tests: ["test/faults/error-points.test.ts"], env: { FAULT_POINTS: "all" } },
  "power-loss": { tests: ["test/faults/power-loss.test.ts"], env: { POWER_STATES: "15000" } },
  signals: { tests: ["test/faults/signals.test.ts"], env: { SIGNAL_MOMENTS: "10" } },
  swaps: { tests: ["test/unit/tree/disk/swapped-dirs.test.ts"], env: {} },
  "random-trees": {
    tests: [
      "test/interop/rsync-facts.test.ts",
      "test/interop/rsync-one-fact.test.ts",
      "test/interop/rsync-fake-super.test.ts",
      "test/interop/rsync-filters.test.ts",
      "test/interop/gitignore.test.ts",
      "test/interop/rsync-alternatives.test.ts",
      "test/interop/rsync-backups.test.ts",
      "test/interop/rsync-sources.test.ts",
    ],
    env: {},
  },
  nightly: {
    tests: ["test/interop/rsync-facts.test.ts", "test/interop/rsync-filters.test.ts"],
    env: { SOAK_COUNT: process.env.SOAK_COUNT ?? "100000" },
  },
  pieces: {
    tests: ["test/law/new-versions.test.ts", "test/law/changing-versions.test.ts"],
    env: { SOAK_COUNT: process.env.SOAK_COUNT ?? "1000" },
  },
  "option-pairs": { tests: ["test/interop/option-pairs.test.ts"], env: { OPTION_PAIRS: "all" } },
  buckets: {
    tests: [
      "test/faults/bucket-kills.test.ts",
      "test/faults/bucket-faults.test.ts",
      "test/faults/host-kills.test.ts",
    ],
    env: { FAULT_POINTS: "all" },
  },
  stores: {
    tests: ["test/cli/casync.test.ts", "test/faults/prune-kills.test.ts"],
    env: { FAULT_POINTS: "all" },
  },
  hosts: { tests: ["test/faults/shared-push.test.ts"], env: { FAULT_POINTS: "all" } },
  mistakes: { script: findMistakes },
};

const words = process.argv.slice(2);
const asked = words.filter((word) => Object.hasOwn(parts, word));
const seconds = Number(words.find((word) => /^\d+$/.test(word)) ?? 60);
process.env.SOAK_MS = String(seconds * 1000);
process.env.SEED ??= "random";
if (words.length > asked.length + 1) throw new Error(`the parts are ${Object.keys(parts).join(", ")}`);

const usual = Object.keys(parts).filter((name) => name !== "nightly");
for (const name of asked.length > 0 ? asked : usual) {
  console.log(`${name}:`);
  const { tests, env, script } = parts[name];
  if (script) process.exitCode = ((await script()) > 0 ? 1 : 0) || process.exitCode;
  else
    process.exitCode = (await run("vitest", ["run", "--testTimeout=0", ...tests], env)) || process.exitCode;
}
