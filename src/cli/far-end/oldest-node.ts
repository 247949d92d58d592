/** The oldest Node.js, by its major version, that runs the program that is sent to hosts. */
export const oldestNodeMajor = 20;
