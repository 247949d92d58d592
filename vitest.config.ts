import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // They find tests that hang; none is so slow, however busy the machine is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    // The settings of whoever runs the tests are not theirs.
    env: { RSYNC_STREAM_CONFIG: "" },
    pool: "forks",
    maxWorkers: 2,
  },
});
