// Writes the README's command reference and the codes of docs/errors.md, of errors and of findings, from what is declared; a test fails when one is out of
// date. Run after a build.
import { readFileSync, writeFileSync } from "node:fs";
import { codeReferenceText, findingReferenceText } from "../dist/core/cli/code-reference.js";
import { referenceText } from "../dist/core/cli/reference.js";

/** Replaces what stands between the two marks. */
function fill(file, start, end, text) {
  const old = readFileSync(file, "utf8");
  const before = old.slice(0, old.indexOf(start) + start.length);
  writeFileSync(file, `${before}\n\n${text}\n\n${old.slice(old.indexOf(end))}`);
}

fill("README.md", "<!-- reference: npm run reference -->", "<!-- end of reference -->", await referenceText());
fill("docs/errors.md", "<!-- codes: npm run reference -->", "<!-- end of codes -->", codeReferenceText());
fill("docs/errors.md", "<!-- findings: npm run reference -->", "<!-- end of findings -->", findingReferenceText());
