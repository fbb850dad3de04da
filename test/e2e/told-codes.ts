/** The codes of the errors among the lines on stderr of a command with --json, each once. */
export function codesIn(err: string): string[] {
  const told = err.split("\n").flatMap((line) => {
    if (!line.startsWith('{"kind":"error"')) return [];
    return [String((JSON.parse(line) as { readonly code?: unknown }).code)];
  });
  return [...new Set(told)];
}
