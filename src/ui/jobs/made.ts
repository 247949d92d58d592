/** Makes an element; text is never read as anything else. */
export function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  kind: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (kind !== "") element.className = kind;
  element.append(...content);
  return element;
}
