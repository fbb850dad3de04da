/** Where a tap's readers come in: the main thread listens on a socket, and gives each reader's descriptor to the tap's thread. */
import type { Socket } from "node:net";
import type { Holder } from "../../held.js";
import { descriptorOf, listenOn } from "../listen.js";
import { mostReaders, Seats } from "./seats.js";

export interface Door {
  /** For the tap's thread. */
  readonly seats: SharedArrayBuffer;
  /** Nobody comes in any more, who is there is cut off, and the socket's file goes. */
  close(): void;
}

/** `place`: "track, --tap unix:/run/tap.sock"; refuses (exit code 2) where something else has the name. */
export async function openDoor(place: string, stage: string, path: string, holder: Holder): Promise<Door> {
  const seats = new Seats();
  const sockets = new Map<number, Socket>();
  let isOver = false;
  const listening = await listenOn(place, stage, path, holder, (socket) => {
    socket.on("error", () => {});
    const at = sockets.size < mostReaders ? seats.give(descriptorOf(socket)) : -1;
    if (at < 0) socket.destroy();
    else sockets.set(at, socket);
  });
  void seats.whenLeft(
    (at) => {
      sockets.get(at)?.destroy();
      sockets.delete(at);
    },
    () => isOver,
  );
  return {
    seats: seats.shared,
    close() {
      isOver = true;
      listening.close();
      for (const socket of sockets.values()) socket.destroy();
      sockets.clear();
    },
  };
}
