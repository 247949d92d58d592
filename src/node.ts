/** The face of everything that needs Node, beside all of the portable one: re-exports only. */

export * from "./index.ts";

export {
  type CheckedChunk,
  type DirStore,
  type DirStoreOptions,
  type VerifyOptions,
  dirStore,
} from "./store/dir.node.ts";
export { type DirSource, type TreeSourceOptions, openTreeSource } from "./tree/source.node.ts";
export { type TreeTargetOptions, openTreeTarget } from "./tree/target.node.ts";
export { nodeStreamDuplex } from "./transport/node-stream.node.ts";
