/** The face of everything that needs Node, beside all of the portable one: re-exports only. */

export * from "./index.ts";
export { nodeStreamDuplex } from "./transport/node-stream.node.ts";
