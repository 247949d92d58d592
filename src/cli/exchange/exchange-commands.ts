/** The commands of the CAFS exchange through files, loaded together. */
export { apply } from "./apply.ts";
export { data } from "./data.ts";
export { info } from "./info.ts";
export { wish } from "./wish.ts";
