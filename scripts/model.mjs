// `npm run model`: every run of small sessions, of which `npm test` explores the smallest, and how
// many states there are.
import { run } from "./run.mjs";

process.env.RSYNC_STREAM_MODEL = "large";
process.exitCode = await run("vitest", ["run", "test/model"]);
