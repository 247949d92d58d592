import fs from "node:fs";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;

/** So that no link at the name is followed, and a pipe that took its place keeps nobody waiting. */
const unforeseen = O_NOFOLLOW | O_NONBLOCK;

/** Opens a file to read it. */
export const readFlags = O_RDONLY | unforeseen;

/** Opens a file that is there to read and change it. */
export const changeFlags = O_RDWR | unforeseen;
