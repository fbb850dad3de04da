// Writes the README's command reference from the declarations; a test fails when it is out of date. Run after a build.
import { readFileSync, writeFileSync } from "node:fs";
import { referenceText } from "../dist/core/cli/reference.js";

const start = "<!-- reference: npm run reference -->";
const end = "<!-- end of reference -->";
const readme = readFileSync("README.md", "utf8");
const before = readme.slice(0, readme.indexOf(start) + start.length);
const after = readme.slice(readme.indexOf(end));
writeFileSync("README.md", `${before}\n\n${await referenceText()}\n\n${after}`);
