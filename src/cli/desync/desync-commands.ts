import type { DesyncCommand } from "./desync-command.ts";

/** All commands of desync that there are here, by name. */
export const desyncCommands: Readonly<Record<string, () => Promise<DesyncCommand>>> = {
  cache: async () => (await import("./store-commands.ts")).cache,
  cat: async () => (await import("./blob-commands.ts")).cat,
  chop: async () => (await import("./blob-commands.ts")).chop,
  chunk: async () => (await import("./blob-commands.ts")).chunk,
  "chunk-server": async () => (await import("./serving-commands.ts")).chunkServerCommand,
  config: async () => (await import("./info-commands.ts")).config,
  extract: async () => (await import("./blob-commands.ts")).extract,
  "index-server": async () => (await import("./serving-commands.ts")).indexServerCommand,
  info: async () => (await import("./info-command.ts")).info,
  "inspect-chunks": async () => (await import("./info-commands.ts")).inspectChunks,
  "list-chunks": async () => (await import("./blob-commands.ts")).listChunks,
  make: async () => (await import("./blob-commands.ts")).make,
  "mount-index": async () => (await import("./mount-command.ts")).mountIndexCommand,
  mtree: async () => (await import("./tree-commands.ts")).mtree,
  prune: async () => (await import("./store-commands.ts")).prune,
  pull: async () => (await import("./far-end-commands.ts")).pull,
  push: async () => (await import("./far-end-commands.ts")).push,
  tar: async () => (await import("./tree-commands.ts")).tar,
  untar: async () => (await import("./tree-commands.ts")).untar,
  verify: async () => (await import("./store-commands.ts")).verify,
  "verify-index": async () => (await import("./blob-commands.ts")).verifyIndex,
};
