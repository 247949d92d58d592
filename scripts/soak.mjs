// `npm run soak`: what `npm test` does in a short form, each test for a minute or as many seconds
// as are given.
import { run } from "./run.mjs";

const seconds = Number(process.argv[2] ?? 60);
process.env.SOAK_MS = String(seconds * 1000);
process.env.SEED ??= "random";
const tests = [
  "test/unit/tree/disk/swapped-dirs.test.ts",
  "test/interop/rsync-filters.test.ts",
  "test/interop/gitignore.test.ts",
  "test/interop/rsync-alternatives.test.ts",
  "test/interop/rsync-backups.test.ts",
  "test/interop/rsync-sources.test.ts",
];
process.exitCode = await run("vitest", ["run", ...tests]);
