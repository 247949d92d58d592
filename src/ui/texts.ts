const units = ["bytes", "kB", "MB", "GB", "TB"];

/** An amount of bytes in words, with three digits or so. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** A number of things in words. */
export function countText(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A part of the server as it is called on the page. */
export function placeText(path: string): string {
  return path === "" ? "everything" : path;
}

/** Said where the server lets nobody in with the token, or without one, and why. */
export function refusalText(message: string): string {
  return `The server asks for a token that allows this (${message}): see Access below.`;
}

/** What the library says, as a sentence. */
export function sentenceText(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
