export { completion } from "./completion.ts";
export { doctor } from "./doctor.ts";
export { man } from "./manual.ts";
