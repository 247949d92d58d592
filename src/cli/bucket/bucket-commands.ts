export { bucketCheck } from "./bucket-check.ts";
export { bucketList } from "./bucket-list.ts";
export { bucketPrune } from "./bucket-prune.ts";
export { bucketPull } from "./bucket-pull.ts";
export { bucketPush } from "./bucket-push.ts";
export { bucketSync } from "./bucket-sync.ts";
