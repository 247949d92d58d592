const maxComponentBytes = 255;
const maxComponentCount = 255;
const text = new TextEncoder();

/**
 * Why what somebody typed is no place of the server: names with slashes between them, and one
 * behind them for those who like it. Nothing is tidied up: what would lead elsewhere, or would be
 * taken for another place, is refused.
 */
export function findPlaceFault(typed: string): string | undefined {
  if (typed === "") return undefined;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(typed))
    return "This is an address: leave out all that stands before the path on the server.";
  if (/^[/\\]|^[a-z]:(?:[/\\]|$)/i.test(typed))
    return "A place begins at the top of the server: leave out what stands before its first name.";
  if (typed.includes("\\")) return "Folders are separated by /, not by \\.";
  const names = placeOf(typed).split("/");
  if (names.length > maxComponentCount) return `A place has ${maxComponentCount} names at most.`;
  if (names[0] === "~") return "There is no home folder here: a place begins at the top of the server.";
  return names.map(faultOf).find((each) => each !== undefined);
}

/** The path of a place that was typed and has no fault. */
export function placeOf(typed: string): string {
  return typed.replace(/\/$/, "");
}

function faultOf(name: string): string | undefined {
  if (name === "") return "There is an empty name between two slashes.";
  if (name === "..") return "A place outside, by .., cannot be reached.";
  if (name === ".") return "A name that is just a dot means nothing here: leave it out.";
  if (/\p{Cc}/u.test(name)) return "There is a control character in it, such as a tab.";
  if (/\p{Cs}/u.test(name)) return "There is half a character in it.";
  if (text.encode(name).length > maxComponentBytes) return `A name has ${maxComponentBytes} bytes at most.`;
  return undefined;
}
