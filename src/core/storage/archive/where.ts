/** What complaints about a file of an archive call it. */
export function whereOf(path: string): string {
  return `archive, --out ${path}`;
}
