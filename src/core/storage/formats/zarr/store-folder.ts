/** The folder of a Zarr store: how one is known, how a new one takes its place, how all of it gets to the disk. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { besideName } from "../../claim/beside.js";
import { HeldFolder } from "../../claim/held-folder.js";
import { clearFolder, moveOwn, removeOwnFile } from "../../claim/removal.js";
import { makeFoldersIn } from "../../folders.js";
import { wholeName, writeWhole } from "../../whole-file.js";

/** Room that an open store keeps for itself: a full disk must still take the shapes of what is stored. */
export const reserveName = ".reserve";
const reserveBytes = 64 * 1024;

/** Gives the room back; for a store that is about to be closed. */
export function freeReserve(store: HeldFolder): void {
  removeOwnFile(join(store.path, reserveName));
}

/** Metadata files by their folder in the store; "" is the store itself. */
export type Skeleton = readonly (readonly [folder: string, json: string])[];

/**
 * Makes a store with these metadata files; it appears whole, and is held from then on. Where something has the name: an error with
 * code EEXIST.
 */
export function makeStore(path: string, skeleton: Skeleton): HeldFolder {
  if (existsSync(path)) throw taken(path);
  const partial = besideName(path, "partial");
  const isOurs = (relative: string) => ["zarr.json", reserveName].includes(wholeName(relative));
  const clear = () => existsSync(partial) && clearFolder(partial, isOurs);
  // What a run left that was killed here.
  clear();
  let held: HeldFolder | undefined;
  try {
    mkdirSync(partial);
    held = new HeldFolder(partial);
    for (const [folder, json] of skeleton) {
      makeFoldersIn(held.path, folder);
      writeWhole(join(held.path, folder, "zarr.json"), Buffer.from(json));
    }
    writeWhole(join(held.path, reserveName), new Uint8Array(reserveBytes).fill(reserveName.charCodeAt(1)));
    moveOwn(partial, path);
    held.renamed(path);
    return held;
  } catch (error) {
    held?.told(error);
    held?.close();
    clear();
    if ((error as NodeJS.ErrnoException).code === "ENOTEMPTY") throw taken(path, error);
    throw error;
  }
}

function taken(path: string, cause?: unknown): Error {
  return Object.assign(new Error(`${path} exists already`, { cause }), { code: "EEXIST" });
}

/** Files on their way to the disk at once: a journal takes those that ask together in one go. */
const syncsAtOnce = 16;

/** Waits until the disk has every file and folder of the store, and its name in the folder of `path`. */
export async function syncStore(store: HeldFolder, path: string): Promise<void> {
  const folders: string[] = [store.path];
  const files: string[] = [];
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      (entry.isDirectory() ? folders : files).push(join(folder, entry.name));
    }
  }
  await syncAll(files);
  // A folder is worth syncing once the files in it are.
  await syncAll([...folders, dirname(path)]);
}

/** The same of some files, then of some folders, by their paths in the store. */
export async function syncPaths(
  store: HeldFolder,
  files: readonly string[],
  folders: readonly string[],
): Promise<void> {
  await syncAll(files.map((file) => join(store.path, file)));
  await syncAll(folders.map((folder) => join(store.path, folder)));
}

async function syncAll(paths: readonly string[]): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      const file = await open(path, "r");
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  };
  await Promise.all(Array.from({ length: syncsAtOnce }, work));
}
