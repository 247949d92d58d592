/** The directory at the top of a destination where files wait until they are complete. It is never sent. */
export const stagingName = ".rsync-stream";
