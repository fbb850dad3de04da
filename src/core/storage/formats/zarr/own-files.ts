/** Which files of a folder belong to the Zarr store in it: those that its own metadata lists, and no other. */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../model/json.js";
import { besideName } from "../../claim/beside.js";
import { clearFolder, moveOwn } from "../../claim/removal.js";
import type { Replaceable } from "../../claim/replaceable.js";
import { wholeName } from "../../whole-file.js";
import type { TableLayout } from "./column-table.js";
import { framesTable } from "./frame-columns.js";
import { isZarrStore } from "./is-zarr-store.js";
import { ledgerTable } from "./ledger-columns.js";
import { readNode } from "./read-node.js";
import { reserveName } from "./store-folder.js";
import { widestTracksTable } from "./track-columns.js";

const metadata = /^(zarr\.json|\.zarray|\.zgroup|\.zattrs)$/;
/** A chunk's file in its array's folder, in each form of key (Zarr v3 "chunk_key_encoding"; v2 "dimension_separator"). */
const chunk = /^(c[./])?\d+([./]\d+)*$/;

/** A store as an output: replaced by one that is complete, and only if nothing else was put into its folder. */
export const zarrStore: Replaceable = {
  isThere: (path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  refused(path, isForced) {
    const hint = "It is not replaced, not even by --force; choose another name.";
    if (!isZarrStore(path)) return { code: "exists-already", what: "exists already and is no Zarr store", hint };
    if (!isForced)
      return { code: "exists-already", what: "exists already", hint: "Choose another name, or --force to replace it." };
    const others = foreignFiles(path);
    if (others.length === 0) return undefined;
    const named = others.slice(0, 3).join(", ");
    const what = `${named}${others.length > 3 ? ` and ${others.length - 3} more` : ""} in it are not of the store`;
    return {
      code: "exists-already",
      what,
      hint: "Move them out of the folder, or choose another name: --force would remove them with it.",
    };
  },
  replace(path, growing) {
    const aside = besideName(path, "replaced");
    moveOwn(path, aside);
    moveOwn(growing, path);
    this.remove(aside);
  },
  remove(path) {
    const isOurs = filesOf(path);
    clearFolder(path, isOurs);
  },
  mend(path) {
    const aside = besideName(path, "replaced");
    if (!existsSync(aside)) return;
    if (existsSync(path)) this.remove(aside);
    else moveOwn(aside, path);
  },
};

/** Paths of files in a store's folder that its metadata does not list. */
export function foreignFiles(path: string): readonly string[] {
  const isOurs = filesOf(path);
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(path, "/").length))
    .filter((name) => !isOurs(name))
    .sort();
}

/** Whether a path in the folder, with forward slashes, is of the store that stands there; asked also when half of it is gone. */
function filesOf(path: string): (relative: string) => boolean {
  const arrays = new Set<string>();
  const groups = new Set<string>([""]);
  const node = attempt(() => readNode(path));
  if (node?.kind === "array") arrays.add("");
  else {
    for (const name of levelsOf(node?.attributes ?? {})) arrays.add(name);
    if (isJsonObject(node?.attributes.mote)) {
      for (const table of moteTables) {
        groups.add(table.folder);
        for (const { name } of table.columns) arrays.add(`${table.folder}/${name}`);
      }
    }
  }
  return (relative) => {
    const names = relative.split("/");
    const name = wholeName(names.pop()!);
    const folder = names.join("/");
    if (metadata.test(name)) return groups.has(folder) || arrays.has(folder);
    if (folder === "" && (name === ".zmetadata" || name === reserveName)) return true;
    for (let depth = names.length; depth >= 0; depth--) {
      const key = [...names.slice(depth), name].join("/");
      if (arrays.has(names.slice(0, depth).join("/")) && chunk.test(key)) return true;
    }
    return false;
  };
}

const moteTables: readonly TableLayout[] = [framesTable, ledgerTable, widestTracksTable];

/** Folders of the image's resolutions (OME-Zarr 0.5 "multiscales"; 0.4 has it without "ome"). */
function levelsOf(attributes: JsonObject): string[] {
  const ome = isJsonObject(attributes.ome) ? attributes.ome : attributes;
  return list(ome.multiscales).flatMap((scale) =>
    list(isJsonObject(scale) ? scale.datasets : undefined).flatMap((dataset) =>
      isJsonObject(dataset) && typeof dataset.path === "string" ? [dataset.path] : [],
    ),
  );
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** What is damaged lists nothing. */
function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
