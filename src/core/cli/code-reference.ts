/** The codes of errors as docs/errors.md lists them (npm run reference), from the table that the type is made of. */
import { type CodeEntry, errorCodes } from "../error-codes.js";

export function codeReferenceText(): string {
  const groups = Object.entries<Readonly<Record<string, CodeEntry>>>(errorCodes);
  return groups.map(([heading, codes]) => `## ${heading}\n\n${tableText(codes)}`).join("\n\n");
}

function tableText(codes: Readonly<Record<string, CodeEntry>>): string {
  const rows = Object.entries(codes).map(([code, { means, remedy }]) => `| \`${code}\` | ${means} | ${remedy} |`);
  return ["| code | what happened | what to do |", "|---|---|---|", ...rows].join("\n");
}
