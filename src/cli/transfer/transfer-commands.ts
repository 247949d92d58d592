/** The commands that bring one place up to date with another, loaded together. */
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export { sync } from "./sync.ts";
