/** The face of what only browsers have: re-exports only. */

export { indexedDbStore } from "../store/indexed-db.ts";
export { opfsStore } from "../store/opfs.ts";
export { fileListSource } from "./file-source.ts";
export type { ListedFile } from "./file-walk.ts";
export { opfsTarget } from "./opfs-target.ts";
export { type NamedFile, type Picked, readDropped } from "./picked.ts";
export { tarOf } from "./tar.ts";
