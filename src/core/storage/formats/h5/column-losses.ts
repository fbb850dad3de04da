/** What a recovery has to say of the columns of an archive: those that are gone, short, changed, or cannot be read. */
import { trackColumns } from "../../columns/track-table.js";
import type { ArchiveState } from "./archive-state.js";
import type { H5Reader } from "./h5-reader.js";
import { faultClause, type ValueFault, valueFaults } from "./value-checksums.js";

export interface ColumnLosses {
  /** Columns that can be read, by name: beside the frames, and of the detections. */
  readonly images: ReadonlySet<string>;
  readonly tracks: ReadonlySet<string>;
  /** One for each thing that is not as it was written, in words. */
  readonly told: readonly string[];
}

export function columnLosses(file: H5Reader, state: ArchiveState): ColumnLosses {
  const faults = new Map((valueFaults(file) ?? []).map((fault) => [fault.path, fault.kind]));
  const hasTracks = state.tracks.size > 0;
  // A file of Mote's that was not closed has no checksums, but the columns that every one has.
  for (const name of hasTracks && state.isClosed !== null ? trackColumns : []) {
    if (!state.tracks.has(name)) faults.set(`/tracks/${name}`, "missing");
  }
  const told = [...faults].flatMap(([path, kind]) => {
    const isOfTracks = path.startsWith("/tracks/");
    return isOfTracks && !hasTracks
      ? []
      : [sentence(path, kind, isOfTracks && state.isClosed ? shortness(state, path) : "")];
  });
  if (!hasTracks && [...faults.keys()].some((path) => path.startsWith("/tracks/"))) told.push("/tracks is not there");
  const readable = (folder: string, lengths: ReadonlyMap<string, number>) =>
    new Set([...lengths.keys()].filter((name) => faults.get(folder + name) !== "unreadable"));
  return { images: readable("/images/", state.columns), tracks: readable("/tracks/", state.tracks), told };
}

function shortness({ tracks }: ArchiveState, path: string): string {
  const rows = tracks.get("frame") ?? 0;
  const own = tracks.get(path.slice("/tracks/".length)) ?? rows;
  return own < rows ? ` and has ${own.toLocaleString("en-US")} of ${rows.toLocaleString("en-US")} rows` : "";
}

function sentence(path: string, kind: ValueFault["kind"], more: string): string {
  const [, folder, name] = /^\/(images|tracks)\/(.+)$/.exec(path) ?? [];
  const subject = name === undefined ? path : `column ${name} of /${folder}`;
  const consequence =
    kind === "changed" ? "not all that is copied of it is as it was recorded" : "what stood in it is lost";
  return `${subject} ${faultClause[kind]}${more}: ${consequence}`;
}
