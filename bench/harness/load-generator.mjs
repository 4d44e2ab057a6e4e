/**
 * Asks a server of this machine for pages, in a process of its own: so many connections, each of which is kept and waits
 * for its answer before it asks again. Reads one JSON command a line, answers one JSON line:
 *
 *   { requests, status }  what will be asked for, as it is written, and the status that every answer must have. Opens the
 *                         connections and asks once on each, so that the server has them when the clock starts.
 *   { ms }                asks for that long and answers { count }, which are whole answers. Closes the connections.
 *
 * Of an answer the status and the length are read, and its bytes are counted. That takes two thirds of the time that the
 * barest server spends on a page of 1 KiB, so the server is what is measured. (autocannon takes as long as that server.)
 *
 * Argument: JSON { port, connections }.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { askedOrder } from './samples.mjs';

const END_OF_HEAD = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;
// What is read is used before anything else is read, so one place is enough for all connections.
const READ_INTO = Buffer.allocUnsafe(256 * 1024);

const { port, connections } = JSON.parse(process.argv[2]);
let requests;
let status;
let order;
let at = 0;
let open = [];
let count = 0;
let isOpen = false;
let idle;
let failure;

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify(await obey(command))}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: String(error?.stack ?? error) })}\n`);
  }
}
process.exit(0);

async function obey(command) {
  if (command.requests) {
    requests = command.requests.map((text) => Buffer.from(text, 'latin1'));
    order = askedOrder(requests.length);
    status = command.status;
    open = await Promise.all(Array.from({ length: connections }, connected));
    await answered(0);
    return { ready: true };
  }
  await answered(command.ms);
  for (const { socket } of open) socket.destroy();
  return { count };
}

/** Resolves when every connection has its answer and the time is over. */
async function answered(ms) {
  count = 0;
  isOpen = ms > 0;
  let left = open.length;
  const all = new Promise((resolve, reject) => {
    idle = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    failure = reject;
  });
  const timer = setTimeout(() => {
    isOpen = false;
  }, ms);
  for (const connection of open) ask(connection);
  stayAwake();
  await all;
  clearTimeout(timer);
}

/** A server would pay for waking who waits for its answer, and the slower it is the more. */
function stayAwake() {
  if (isOpen) setImmediate(stayAwake);
}

function connected() {
  return new Promise((resolve, reject) => {
    const connection = { socket: undefined, head: undefined, missing: 0 };
    const onread = {
      buffer: READ_INTO,
      callback: (length) => {
        read(connection, READ_INTO.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread }, () =>
      resolve(connection),
    );
    const failed = (error) => {
      reject(error);
      failure?.(error);
    };
    socket.on('error', failed);
    socket.on('end', () => failed(new Error('the server closed a connection')));
    connection.socket = socket;
  });
}

function ask(connection) {
  if (at === order.length) at = 0;
  connection.socket.write(requests[order[at++]]);
}

function read(connection, chunk) {
  try {
    if (!isWhole(connection, chunk)) return;
  } catch (error) {
    failure(error);
    return;
  }
  count += 1;
  if (isOpen) ask(connection);
  else idle();
}

/** True if the answer ends with this chunk. */
function isWhole(connection, chunk) {
  if (connection.missing > 0) {
    connection.missing -= chunk.length;
  } else {
    const bytes = connection.head ? Buffer.concat([connection.head, chunk]) : chunk;
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) {
      connection.head = Buffer.from(bytes);
      return false;
    }
    connection.head = undefined;
    const head = bytes.latin1Slice(0, end + 2);
    connection.missing = bodyLength(head) - (bytes.length - end - END_OF_HEAD.length);
  }
  if (connection.missing < 0) throw new Error('the server sent more than one answer');
  return connection.missing === 0;
}

function bodyLength(head) {
  if (Number(head.slice(9, 12)) !== status) throw new Error(`the server answered ${head}`);
  if (status === 304) return 0;
  const length = LENGTH.exec(head);
  if (!length) throw new Error(`an answer without its length: ${head}`);
  return Number(length[1]);
}
