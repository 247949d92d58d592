import { type Options, defineConfig } from "tsup";
import { bundledLicenses } from "./scripts/bundled-licenses.ts";

const shared: Options = {
  format: "esm",
  target: ["node20", "es2022"],
  splitting: true,
  minify: false,
  dts: false, // tsc writes the declarations, see tsconfig.build.json
  esbuildPlugins: [bundledLicenses("dist/bundled-licenses.txt")],
};

/** One file and what it loads lazily: start-up time is paid at both ends of every transfer. */
const command: Options = {
  ...shared,
  outDir: "dist/cli",
  platform: "node",
  noExternal: ["@noble/hashes", "@smithy/signature-v4", "fflate", "fzstd", "msgpackr"],
  esbuildOptions(options) {
    options.alias = { msgpackr: "msgpackr/pack" }; // without what looks for native code to load
  },
};

export default defineConfig([
  {
    ...shared,
    name: "library",
    entry: [
      "src/index.ts",
      "src/node.ts",
      "src/testing.ts",
      "src/browser/index.ts",
      "src/casync/index.ts",
      "src/transport/{stdio.node,child-process.node,websocket,ws.node,message-port,http.node,http-turns,turn-host.node,libp2p,data-channel}.ts",
    ],
    outDir: "dist",
    sourcemap: true,
  },
  {
    ...shared,
    name: "launcher",
    entry: { main: "src/cli/launch/main.ts" },
    format: "cjs", // so scripts/build.mjs puts a package.json beside it
    outDir: "dist/cli",
    platform: "node",
    splitting: false,
    outExtension: () => ({ js: ".js" }),
  },
  // In parts: scripts/merge-chunks.mjs makes dist/cli of them.
  {
    ...command,
    entry: { main: "src/cli/main.ts" },
    outDir: "dist/cli-parts",
    name: "cli",
    esbuildOptions(options, context) {
      command.esbuildOptions?.(options, context);
      options.alias = { ...options.alias, "fflate/browser": "./src/cli/no-fflate.ts" };
    },
  },
  // By itself: what two programs share would become many small files, and each is opened at start.
  {
    ...command,
    entry: { desync: "src/cli/desync/main.ts" },
    name: "desync",
    outExtension: () => ({ js: ".mjs" }),
  },
  // What runs in threads, for the library and the commands.
  {
    ...command,
    entry: {
      "castr-worker": "src/casync/castr-worker.node.ts",
      "digest-worker": "src/casync/digest-worker.node.ts",
    },
    outDir: "dist",
    name: "thread",
  },
  // One file, which travels to hosts that have nothing of this.
  {
    ...command,
    entry: { program: "src/cli/far-end/main.ts" },
    name: "far end",
    outDir: "dist/far-end",
    outExtension: () => ({ js: ".mjs" }),
    splitting: false,
    minify: true,
    external: ["bufferutil"], // native, so it could not travel; ws does without
    noExternal: [/^(?!bufferutil)/],
  },
  {
    ...shared,
    name: "loader of the far end",
    entry: { loader: "src/cli/far-end/loader.ts" },
    format: "cjs",
    outDir: "dist/far-end",
    platform: "node",
    splitting: false,
    minify: true,
    outExtension: () => ({ js: ".cjs" }),
  },
  {
    ...shared,
    name: "ui",
    // What a browser loads: a file each for the pages and the worker.
    entry: { page: "src/ui/page.ts", worker: "src/ui/worker.ts", jobs: "src/ui/jobs/page.ts" },
    outDir: "dist/ui",
    platform: "browser",
    target: "es2022",
    splitting: false,
    minify: true,
    noExternal: [/./],
  },
]);
