/**
 * The commands about indexes and stores, loaded together: modules that are shared by commands which
 * are loaded one by one become further files, and each of those commands opens them at its start.
 */
export { indexCache } from "./index-cache.ts";
export { indexCat } from "./index-cat.ts";
export { indexExtract } from "./index-extract.ts";
export { indexList } from "./index-list.ts";
export { indexMake } from "./index-make.ts";
export { indexMount } from "./index-mount.ts";
export { indexPush } from "./index-push.ts";
export { indexTar } from "./index-tar.ts";
export { indexUntar } from "./index-untar.ts";
export { indexVerify } from "./index-verify.ts";
export { openStoreOfTrees } from "./store-options.ts";
export { storePrune } from "./store-prune.ts";
export { storeServe } from "./store-serve.ts";
export { storeRecv, storeSend, storeSync } from "./store-sync.ts";
export { storeVerify } from "./store-verify.ts";
