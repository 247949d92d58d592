/**
 * The directory where files wait until they are complete: at the top of a destination, and of each
 * file system below it. It may be that of another session anywhere in a tree, so it is never sent,
 * and nothing of that name is received.
 */
export const stagingName = ".rsync-stream";
