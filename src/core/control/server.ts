/**
 * The socket at which a run listens to those who speak to it: one JSON object a line in and out (docs/control.md). On the main
 * thread, which the run's threads do not wait for.
 */
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { codeOf, failure } from "../errors.js";
import type { Holder, Holding } from "../held.js";
import { withSocketName } from "../stream/listen.js";
import { answerLine } from "./answer-line.js";
import { Client } from "./client.js";
import { privateFolder } from "./private-folder.js";
import type { SpokenRun } from "./request.js";
import { numbered, socketName } from "./run-name.js";

/** Clients at a time. */
export const mostClients = 16;
/** Runs of one name at a time. */
const mostOfOneName = 100;

export interface ControlServer {
  readonly path: string;
  /** What the run is called by those who speak to it, a number behind it where another run has that name. */
  readonly name: string;
  /** From now on the run answers; before, it says that it has not begun. */
  begin(run: SpokenRun): void;
  /** The run is over: tells all who listen, and takes the socket away. */
  end(): void;
}

export interface ControlRequested {
  /** The run's name, of `--name` or its default. */
  readonly name: string;
  /** For complaints: the verb. */
  readonly where: string;
  readonly holder: Holder;
  /** The run is over already, and nothing needs to be opened. */
  isOver(): boolean;
}

/** Listens at the socket of the run's name in the private folder; says in words why that cannot be. */
export async function openNamed(request: ControlRequested): Promise<ControlServer | { why: string }> {
  const found = privateFolder();
  if ("faults" in found) return { why: `no private folder can be had for its socket: ${found.faults}` };
  let why = "";
  for (let count = 1; count <= mostOfOneName && !request.isOver(); count++) {
    const name = numbered(request.name, count);
    try {
      return await openAt({ ...request, name }, join(found.folder, socketName(name)));
    } catch (error) {
      why = (error as Error).message;
      if (codeOf(error) !== "in-use") break;
    }
  }
  return { why };
}

/** Listens at this path; refuses (exit code 2) where that cannot be. */
export async function openAt({ name, where, holder, isOver }: ControlRequested, path: string): Promise<ControlServer> {
  const place = `${where}, --control unix:${path}`;
  const clients = new Set<Client>();
  let run: SpokenRun | undefined;
  const server = createServer((socket) => {
    const hear = (line: string, from: Client) => answerLine(line, run, (id) => from.asker(id));
    const client: Client = new Client(socket, hear, () => clients.delete(client));
    clients.add(client);
    if (clients.size > mostClients) client.cutOff(failure("not-now", "control", `${mostClients} clients at a time`));
  });
  const holding = await withSocketName({ place, path, who: where, holder }, () => {
    if (isOver()) throw failure("not-now", place, "the run is over");
    return listening(server, path, holder);
  });
  return {
    path,
    name,
    begin(begun) {
      run = begun;
    },
    end() {
      for (const client of clients) client.leave({ end: true });
      holder.release(holding);
    },
  };
}

function listening(server: Server, path: string, holder: Holder): Promise<Holding> {
  return new Promise((resolve, reject) => {
    let isListening = false;
    server.on("error", (error) => {
      // What cannot be accepted later, as for want of descriptors, is the client's loss.
      if (isListening) return;
      holder.takeOver(holding);
      reject(error);
    });
    server.listen(path, () => {
      isListening = true;
      resolve(holding);
    });
    // With the server the socket goes from the file system.
    const holding = holder.hold(`unix:${path}`, () => server.close(), "survives");
    server.unref();
  });
}
