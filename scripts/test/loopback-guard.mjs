// Loaded before a program: writes down where each of its connections goes, and lets none leave this machine.
import { appendFileSync } from "node:fs";
import { Socket } from "node:net";

const file = process.env.LOOPBACK_GUARD_FILE;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1"]);
const connect = Socket.prototype.connect;

Socket.prototype.connect = function connectWithin(...args) {
  // net.connect() passes its arguments on as one array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const { host, path } =
    typeof first === "object" && first !== null ? first : { host: typeof second === "string" ? second : undefined };
  const target = path ?? host ?? "localhost";
  appendFileSync(file, `${target}\n`);
  if (path === undefined && !LOOPBACK.has(target)) throw new Error(`Not on this machine: ${target}`);
  return connect.apply(this, args);
};
