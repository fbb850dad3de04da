/** Which file name means which container. */
import { statSync } from "node:fs";
import { type MoteError, refusal } from "../errors.js";
import { own } from "../model/own.js";
import { nearestName } from "../option/names.js";
import { extensionOf } from "./extension.js";
import type { Container } from "./formats/format.js";
import { formats } from "./formats/registry.js";

/** By file name extension. */
export const containers: Readonly<Record<string, Container>> = Object.assign(
  {},
  ...formats.map((format) => format.containers),
);

/** What can go to stdout, by the name that --to has for it. */
export const streams: Readonly<Record<string, Container>> = Object.fromEntries(
  Object.values(containers).flatMap((container) => (container.stream ? [[container.stream.name, container]] : [])),
);

/** The --out that is no file. */
export const stdoutName = "-";

/** What a name that ends in / stands for: a file a frame. */
export const folderContainer = formats.find((format) => format.folder)!.folder!;

/** True for a name that says it is a folder, and that no extension makes a container of its own. */
export function isFolderName(path: string): boolean {
  return /[/\\]$/.test(path) && !containers[extensionOf(path)]?.isFolder;
}

/** True for a folder that is there and that no extension makes a container of its own. */
export function isPlainFolder(path: string): boolean {
  return (
    containers[extensionOf(path)] === undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  );
}

/**
 * The container a file name stands for (".tif/" under --root: a folder's files), or for stdout the one that `to` names; a refusal
 * lists the known ones and the nearest.
 */
export function containerFor(where: string, path: string, to?: string | null): Container {
  if (path === stdoutName) {
    const named = own(streams, to ?? "");
    if (named) return named;
    const names = Object.keys(streams);
    throw refusal(
      "bad-name",
      where,
      "nothing says what to write there",
      `Add --to ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`,
    );
  }
  const extension = extensionOf(path);
  const container = containers[extension];
  if (isFolderName(path)) {
    if (!container || (container.keepsFramesOnly && path.toLowerCase() === `${extension}/`)) return folderContainer;
    const hint = `Leave the / away for a ${extension} file; ${folderContainer.summary}, needs another name.`;
    throw refusal("bad-name", where, `ends in ${extension} and in /: a file or a folder?`, hint);
  }
  if (container) return container;
  throw unknownExtension(where, extension);
}

/** Whether `archive --out` writes files of this name. */
export function isContainer(path: string): boolean {
  return containers[extensionOf(path)] !== undefined;
}

/** What a file of this name would be taken for, as "HDF5"; undefined when its extension is among `own` or means nothing. */
export function mistakenFormat(path: string, own: readonly string[]): string | undefined {
  const extension = extensionOf(path);
  if (own.includes(extension)) return undefined;
  const file = { path, isFolder: false, extension, head: new Uint8Array() };
  return formats.find(
    ({ containers, replay, isNamed }) =>
      containers?.[extension] !== undefined || replay?.extensions.includes(extension) || (containers && isNamed(file)),
  )?.name;
}

function unknownExtension(where: string, extension: string): MoteError {
  const known = Object.keys(containers);
  const file = { path: extension, isFolder: false, extension, head: new Uint8Array() };
  const meant = formats.find((format) => format.containers && format.isNamed(file));
  const nearest = meant ? Object.keys(meant.containers!)[0] : nearestName(extension, known);
  return refusal(
    "bad-name",
    where,
    `expected a file name ending in ${known.slice(0, -1).join(", ")} or ${known.at(-1)}, got ${extension || "no extension"}`,
    nearest
      ? `Did you mean ${nearest}?`
      : `The extension decides what is written; a name that ends in / is ${folderContainer.summary}.`,
  );
}
