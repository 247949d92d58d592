export { checkAgainstIndex } from "./check-against-index.ts";
export { indexDiff } from "./index-diff.ts";
export { indexImport } from "./index-import.ts";
export { indexShow } from "./index-show.ts";
export { pushParts } from "./push-parts.ts";
export { indexTree } from "./index-tree.ts";
export { tarLikeReceive } from "./tar-like-receive.ts";
export { tarLikeSend } from "./tar-like-send.ts";
