import { SyncError } from "../errors.ts";
import type { Bytes } from "../types.ts";

/**
 * A place in a share: the components of the path that a peer named, each checked already (1 to 255
 * bytes, not `.` or `..`, without 0x00 and 0x2f), none for the share itself.
 */
export interface SharePath {
  readonly components: readonly Bytes[];
  /** True when the path ended in `/`: what is in the directory is meant, not the directory. */
  readonly contents: boolean;
}

/** Bytes of a whole path, as it travels, and of one component, decoded. */
const maxPathBytes = 4096 * 3;
const maxComponentBytes = 255;
const maxComponentCount = 255;

const slash = 0x2f;
const percent = 0x25;

/**
 * Reads the path of a URL, percent-encoded bytes of any kind, as a place in a share. There is one
 * spelling of each place: what other software would tidy up, an empty component or a dot, is
 * refused here.
 *
 * @param path begins with `/`
 * @throws PATH for one that names no place
 */
export function parseSharePath(path: string): SharePath {
  if (!path.startsWith("/") || path.length > maxPathBytes) throw refused("does not name a place");
  const contents = path.endsWith("/");
  const inner = path.slice(1, contents ? -1 : undefined);
  if (inner === "") {
    if (path !== "/") throw refused("has an empty component");
    return { components: [], contents: true };
  }
  const components = inner.split("/").map(decodeComponent);
  if (components.length > maxComponentCount) throw refused("is too deep");
  return { components, contents };
}

/** The path of a place, as it stands in a URL. */
export function formatSharePath({ components, contents }: SharePath): string {
  const encoded = components.map((component) => `/${encodeComponent(component)}`).join("");
  return components.length === 0 || contents ? `${encoded}/` : encoded;
}

function decodeComponent(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7e || code < 0x21) throw refused("has a character that has to be percent-encoded");
    if (code !== percent) {
      bytes[length++] = code;
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw refused("has a % without two digits behind it");
    bytes[length++] = Number.parseInt(digits, 16);
    at += 2;
  }
  return checked(bytes.subarray(0, length));
}

function checked(component: Bytes): Bytes {
  const dots = component.length <= 2 && component.every((byte) => byte === 0x2e);
  if (component.length === 0 || dots) throw refused("has a component that is empty, . or ..");
  if (component.length > maxComponentBytes) throw refused("has a component that is too long");
  if (component.includes(0) || component.includes(slash))
    throw refused("has a component with a slash or NUL in it");
  return component;
}

const plain = /[A-Za-z0-9._~-]/;

function encodeComponent(component: Bytes): string {
  let text = "";
  for (const byte of component) {
    const character = String.fromCharCode(byte);
    text += plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

function refused(why: string): SyncError {
  return new SyncError("PATH", `the path ${why}`);
}
