import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { placeOf, plantedMistakes, withMistake } from "./test/faults/planted-mistakes.ts";

/** The mistake that `npm run soak -- mistakes` plants. */
const mistake = plantedMistakes[Number(process.env["PLANTED_MISTAKE"])];

export default defineConfig({
  plugins: mistake
    ? [
        {
          name: "planted-mistake",
          enforce: "pre",
          load: (id) => (id === placeOf(mistake) ? withMistake(mistake) : undefined),
        },
      ]
    : [],
  test: {
    include: ["test/**/*.test.ts"],
    // They find tests that hang; none is so slow, however busy the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    // The settings of whoever runs the tests are not theirs, nor what is kept in their home.
    env: {
      RSYNC_STREAM_CONFIG: "",
      XDG_CACHE_HOME: fileURLToPath(new URL("node_modules/.cache", import.meta.url)),
    },
    pool: "forks",
    // Many tests wait for programs and for times that pass: two processors have room for three.
    maxWorkers: 3,
  },
});
