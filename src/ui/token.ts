/** Characters of the longest token that a server hears. */
const maxTokenLength = 512;

/**
 * Why something cannot be a token, whatever the server knows; undefined for what can be one, and
 * for none.
 */
export function findTokenFault(typed: string): string | undefined {
  const token = typed.trim();
  if (/^authorization\s*:/i.test(token)) return "This is a whole header. Leave out “Authorization: Bearer ”.";
  if (/^bearer(?:\s|$)/i.test(token)) return "Leave out “Bearer ”: it is not part of the token.";
  if (/\p{Cc}/u.test(token))
    return "There is a control character in it, such as a tab: copy the token alone.";
  if (/\s/u.test(token)) return "There is a space in it. A token has none: copy it alone.";
  const odd = [...token].find((character) => !/[\x21-\x7e]/.test(character));
  if (odd !== undefined) return `No token has ${nameOf(odd)} in it: letters, digits and signs of ASCII only.`;
  if (token.length > maxTokenLength)
    return `It has ${token.length} characters; a token has ${maxTokenLength} at most.`;
  return undefined;
}

/** What cannot be seen is told by its number. */
function nameOf(character: string): string {
  const isSeen = /[\p{L}\p{N}\p{P}\p{S}]/u.test(character);
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return isSeen ? `“${character}”` : `U+${code}, which cannot be seen,`;
}

/**
 * True for a token that a browser can offer with a WebSocket; others go in a header (RFC 9110
 * §5.6.2).
 */
export function fitsSubprotocol(token: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]*$/.test(token);
}
