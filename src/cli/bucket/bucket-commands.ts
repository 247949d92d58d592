export { bucketCheck } from "./bucket-check.ts";
export { bucketSync } from "./bucket-sync.ts";
