/** The codes of errors and findings as docs/errors.md lists them (npm run reference), from the tables that the types are made of. */
import { type CodeEntry, errorCodes } from "../error-codes.js";
import { aspects, checks, ownCodes } from "../storage/verify/finding-codes.js";

export function codeReferenceText(): string {
  const groups = Object.entries<Readonly<Record<string, CodeEntry>>>(errorCodes);
  return groups.map(([heading, codes]) => `## ${heading}\n\n${errorTable(codes)}`).join("\n\n");
}

/** What `mote verify` finds, and what it cannot know. */
export function findingReferenceText(): string {
  const looked = Object.entries(checks).map(([name, right]) => [`\`${name}-damaged\`, \`${name}-missing\``, right]);
  const own = Object.entries(ownCodes).map(([code, means]) => [`\`${code}\``, means]);
  const unknown = Object.entries(aspects).map(([name, what]) => [`\`${name}-unchecked\``, what]);
  return [
    tableText(["code", "what is not so: bytes are wrong (damaged), or not there (missing)"], looked),
    tableText(["code of its own", "what was found"], own),
    tableText(["code", "what nothing tells, or was not looked at"], unknown),
  ].join("\n\n");
}

function errorTable(codes: Readonly<Record<string, CodeEntry>>): string {
  const rows = Object.entries(codes).map(([code, { means, remedy }]) => [`\`${code}\``, means, remedy]);
  return tableText(["code", "what happened", "what to do"], rows);
}

function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
