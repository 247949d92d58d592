/** The commands that compare places or bring one up to date with another, loaded together. */
export { check } from "./check.ts";
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export { sync } from "./sync.ts";
