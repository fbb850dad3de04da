/** The folder of a Zarr store: how one is known, how a new one takes its place, how all of it gets to the disk. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { besideName } from "../../claim/beside.js";
import { clearFolder, moveOwn, removeOwnFile } from "../../claim/removal.js";
import { makeFoldersIn } from "../../folders.js";
import { wholeName, writeWhole } from "../../whole-file.js";

/** Room that an open store keeps for itself: a full disk must still take the shapes of what is stored. */
export const reserveName = ".reserve";
const reserveBytes = 64 * 1024;

/** Gives the room back; for a store that is about to be closed. */
export function freeReserve(path: string): void {
  removeOwnFile(join(path, reserveName));
}

/** Metadata files by their folder in the store; "" is the store itself. */
export type Skeleton = readonly (readonly [folder: string, json: string])[];

/** Makes a store with these metadata files; it appears whole. Where something has the name: an error with code EEXIST. */
export function makeStore(path: string, skeleton: Skeleton): void {
  if (existsSync(path)) throw taken(path);
  const partial = besideName(path, "partial");
  const isOurs = (relative: string) => ["zarr.json", reserveName].includes(wholeName(relative));
  const clear = () => existsSync(partial) && clearFolder(partial, isOurs);
  // What a run left that was killed here.
  clear();
  try {
    mkdirSync(partial);
    for (const [folder, json] of skeleton) {
      makeFoldersIn(partial, folder);
      writeWhole(join(partial, folder, "zarr.json"), Buffer.from(json));
    }
    writeWhole(join(partial, reserveName), new Uint8Array(reserveBytes).fill(reserveName.charCodeAt(1)));
    moveOwn(partial, path);
  } catch (error) {
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

/** Waits until the disk has every file and folder of the store, and its name. */
export async function syncStore(path: string): Promise<void> {
  const folders: string[] = [path];
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
