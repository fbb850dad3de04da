/** Files in a folder of frames that are not the recording's: nobody checks them, and that is told. */
import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { formatCount } from "../../units.js";
import type { Verification } from "./verification.js";

/** Kinds that are named one by one. */
const shownKinds = 6;

/** Tells the report which files of `folder` are none of its own; hidden ones and folders are nobody's recording. */
export function tellOthers(report: Verification, folder: string, own: ReadonlySet<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile() && !entry.name.startsWith(".") && !own.has(entry.name)) report.otherFiles.push(entry.name);
  }
  report.otherFiles.sort();
}

/** "3 files that are not of the recording (.png, .txt)" */
export function othersText(names: readonly string[]): string {
  const kinds = [...new Set(names.map((name) => extname(name).toLowerCase() || name))];
  const more = kinds.length > shownKinds ? ", ..." : "";
  const are = names.length === 1 ? "is" : "are";
  return `${formatCount(names.length, "file")} that ${are} not of the recording (${kinds.slice(0, shownKinds).join(", ")}${more})`;
}
