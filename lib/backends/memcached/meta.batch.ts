import type { Socket } from 'node:net';

/** From this size on, a value is sent from where it lies; below, it is cheaper to copy it into one text with the others. */
const OWN_PART_BYTES = 4_096;

// How the text that is being gathered is encoded. Plain ASCII goes with either of the others.
const ASCII = 0;
const BYTES = 1;
const UTF8 = 2;

/** What is sent at once: the commands of one turn, in one write. */
export class MetaBatch {
  #parts: (Buffer | { readonly text: string; readonly encoding: BufferEncoding })[] = [];
  #text = '';
  #encoding = ASCII;

  /** How many bytes were added, about. */
  bytes = 0;

  /** Adds a command line. */
  line(line: string, isAscii: boolean): void {
    this.#add(line, isAscii ? ASCII : UTF8);
    this.bytes += line.length;
  }

  /**
   * Adds the value of a command, and the end of its line.
   *
   * @param bytes How many bytes it has.
   */
  value(value: Buffer | string, bytes: number): void {
    this.bytes += bytes;
    if (bytes >= OWN_PART_BYTES) {
      this.#endText();
      this.#parts.push(typeof value === 'string' ? Buffer.from(value) : value);
    } else if (typeof value === 'string') {
      this.#add(value, bytes === value.length ? ASCII : UTF8);
    } else {
      this.#add(value.toString('latin1'), BYTES);
    }
    this.#text += '\r\n';
  }

  /** Hands all to the socket. */
  writeTo(socket: Socket): void {
    if (this.#parts.length === 0) {
      socket.write(this.#text, encodingOf(this.#encoding));
      return;
    }
    this.#endText();
    socket.cork();
    for (const part of this.#parts) {
      if (Buffer.isBuffer(part)) socket.write(part);
      else socket.write(part.text, part.encoding);
    }
    socket.uncork();
  }

  #add(text: string, encoding: number): void {
    if (encoding !== ASCII) {
      if (this.#encoding !== ASCII && this.#encoding !== encoding) this.#endText();
      this.#encoding = encoding;
    }
    this.#text += text;
  }

  #endText(): void {
    if (this.#text !== '') {
      this.#parts.push({ text: this.#text, encoding: encodingOf(this.#encoding) });
    }
    this.#text = '';
    this.#encoding = ASCII;
  }
}

function encodingOf(encoding: number): BufferEncoding {
  return encoding === UTF8 ? 'utf8' : 'latin1';
}
