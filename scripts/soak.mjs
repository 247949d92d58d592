// `npm run soak`: what `npm test` does in a short form, for a minute or as many seconds as are
// given.
import { run } from "./run.mjs";

const seconds = Number(process.argv[2] ?? 60);
process.env.SOAK_MS = String(seconds * 1000);
process.exitCode = await run("vitest", ["run", "test/unit/tree/swapped-dirs.test.ts"]);
