import { connect } from 'node:net';

/**
 * What can be had from one socket with next to no work: the meta protocol, the requests of one tick in one write, replies
 * paired by their order, the shortest parser that is right, each value made into what the caller wants. No deadlines, no
 * reconnecting, no checks of keys, no errors but one. Who reads into a buffer of its own can be faster at large values.
 */
export async function make({ ports, kind }) {
  const wire = await connected(ports.memcached);
  const isRecord = kind === 'record';
  const decoded = isRecord ? JSON.parse : (text) => text;
  const get = (key) =>
    new Promise((resolve) => {
      wire.ask(`mg bare:1:${key} v\r\n`, (text) => {
        resolve(text === undefined ? undefined : decoded(text));
      });
    });
  const set = (key, value) =>
    new Promise((resolve) => {
      const text = isRecord ? JSON.stringify(value) : value;
      wire.ask(`ms bare:1:${key} ${Buffer.byteLength(text)} T3600\r\n${text}\r\n`, resolve);
    });
  const getMany = (keys) =>
    new Promise((resolve) => {
      const found = new Map();
      let left = keys.length;
      for (const key of keys) {
        wire.ask(`mg bare:1:${key} v\r\n`, (text) => {
          if (text !== undefined) found.set(key, decoded(text));
          left -= 1;
          if (left === 0) resolve(found);
        });
      }
    });
  return { get, set, getMany, close: () => wire.close() };
}

async function connected(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  let unsent = '';
  let waiting = [];
  let head = 0;
  let rest;
  let missing = 0;

  const flush = () => {
    socket.write(unsent);
    unsent = '';
  };

  /** Answers what is complete; the rest waits for the bytes that it lacks, as far as its size is known. */
  const read = (bytes) => {
    let at = 0;
    missing = Infinity;
    while (at < bytes.length) {
      const lineEnd = bytes.indexOf(10, at);
      if (lineEnd < 0) break;
      let text;
      let next = lineEnd + 1;
      // "VA <size>", or a line alone: "HD", "EN".
      if (bytes[at] === 86) {
        let size = 0;
        for (let i = at + 3; i < lineEnd - 1; i += 1) size = size * 10 + bytes[i] - 48;
        next += size + 2;
        if (next > bytes.length) {
          missing = next - bytes.length;
          break;
        }
        text = bytes.utf8Slice(lineEnd + 1, next - 2);
      } else if (bytes[at] !== 72 && bytes[at] !== 69) {
        throw new Error(`memcached answered ${bytes.toString('latin1', at, lineEnd)}`);
      }
      at = next;
      waiting[head++](text);
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
    waiting = waiting.slice(head);
    head = 0;
  };

  socket.on('data', (chunk) => {
    let from = 0;
    if (rest) {
      from = Math.min(missing, chunk.length);
      read(Buffer.concat([rest, chunk.subarray(0, from)]));
    }
    if (from < chunk.length) read(from ? chunk.subarray(from) : chunk);
  });

  return {
    ask(request, answered) {
      if (unsent === '') process.nextTick(flush);
      unsent += request;
      waiting.push(answered);
    },
    close: () => socket.destroy(),
  };
}
