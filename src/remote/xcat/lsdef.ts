/** Reads `lsdef … -c`: one `object: attribute=value` a line; the value may contain `=`, and is empty for an attribute that is not set. */
export function parseAttributes(output: string, object: string): Readonly<Record<string, string>> {
  const prefix = `${object}: `;
  const own = output.split('\n').filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    own.flatMap((line) => {
      const text = line.slice(prefix.length);
      const at = text.indexOf('=');
      return at > 0 ? [[text.slice(0, at).trim(), text.slice(at + 1).trim()]] : [];
    }),
  );
}
