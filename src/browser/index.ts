/** The face of what only browsers have: re-exports only. */

export { indexedDbStore } from "../store/indexed-db.ts";
