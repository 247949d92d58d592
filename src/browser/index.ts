/** The face of what only browsers have: re-exports only. */

export { indexedDbStore } from "../store/indexed-db.ts";
export { opfsStore } from "../store/opfs.ts";
