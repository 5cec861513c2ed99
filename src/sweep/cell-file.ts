/** The file of a sweep: what is there is read, and lines are appended, whole ones only. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { fail } from '../errors.ts';
import { cannotSync, reasonOf, writeFailure } from '../node/os-error.ts';
import { openFailure } from '../node/output/output-file.ts';
import { lineHead, type ReadLine, readCellLine } from './cell-line.ts';

const OWNER_ONLY = 0o600;
const READ_BYTES = 2 ** 20;
const LINE_END = 0x0a;
const OTHER = 'is of another sweep';
const NONE = 'is no line of a sweep';

/** Where lines go. */
export interface CellOutput {
  /** Takes a whole line. @throws `disk-full`, `write-failed`, `reader-closed` */
  append(line: string): Promise<void>;
  /** Ends it, also after an interruption; what was appended is final then. */
  finish(): Promise<void>;
}

/** The sweep that a file has to be of. */
export interface Expected {
  readonly id: string;
  readonly cells: number;
  /** Is told of every line that is there. */
  readonly onLine: (line: ReadLine) => void;
}

export class CellFile implements CellOutput {
  readonly #path: string;
  readonly #fd: number;
  /** All of it is whole lines. */
  #bytes = 0;

  /**
   * Opens a file or makes it, reads what it has, and cuts off a half last line.
   *
   * @throws `usage-sweep-file` where a line is of another sweep: the file is as it was;
   * `output-folder-missing`, `output-refused`, `input-refused`
   */
  constructor(path: string, options: { force: boolean }, expected: Expected) {
    this.#path = path;
    const { O_RDWR, O_CREAT, O_APPEND } = constants;
    try {
      this.#fd = openSync(path, O_RDWR | O_CREAT | O_APPEND, OWNER_ONLY);
    } catch (cause) {
      throw openFailure(path, cause);
    }
    try {
      if (options.force) this.#empty();
      else this.#resume(expected);
    } catch (cause) {
      closeSync(this.#fd);
      throw cause;
    }
  }

  async append(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at);
    } catch (cause) {
      // the part of it that went in is taken back
      this.#cut();
      throw writeFailure(this.#path, this.#bytes, cause);
    }
    this.#bytes += bytes.length;
  }

  async finish(): Promise<void> {
    try {
      fsyncSync(this.#fd);
    } catch (cause) {
      if (!cannotSync(cause)) throw writeFailure(this.#path, this.#bytes, cause);
    } finally {
      closeSync(this.#fd);
    }
  }

  /** What has become of others' rights to read it before does not hold for what is written anew. */
  #empty(): void {
    ftruncateSync(this.#fd, 0);
    try {
      fchmodSync(this.#fd, OWNER_ONLY);
    } catch {
      // the file of another user, which may be written all the same
    }
  }

  #resume(expected: Expected): void {
    const size = fstatSync(this.#fd).size;
    const reader = new LineReader(this.#path, expected);
    const window = Buffer.allocUnsafe(Math.min(size, READ_BYTES));
    for (;;) {
      const count = this.#read(window, reader.read_bytes);
      if (count === 0) break;
      reader.take(window.subarray(0, count));
    }
    this.#bytes = reader.whole_bytes;
    if (this.#bytes < reader.read_bytes) this.#cut();
  }

  #read(window: Buffer, position: number): number {
    try {
      return window.length === 0 ? 0 : readSync(this.#fd, window, 0, window.length, position);
    } catch (cause) {
      throw fail('input-refused', { path: this.#path, reason: reasonOf(cause) }, cause);
    }
  }

  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes);
    } catch (cause) {
      throw writeFailure(this.#path, this.#bytes, cause);
    }
  }
}

/** Takes a file apart into lines, of which every one has to be of the sweep. */
class LineReader {
  readonly #path: string;
  readonly #expected: Expected;
  readonly #head: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #lines = 0;
  read_bytes = 0;
  /** Up to the end of the last line that has one. */
  whole_bytes = 0;

  constructor(path: string, expected: Expected) {
    this.#path = path;
    this.#expected = expected;
    this.#head = Buffer.from(lineHead(expected.id));
  }

  take(piece: Buffer): void {
    this.read_bytes += piece.length;
    let text = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let end = text.indexOf(LINE_END); end >= 0; end = text.indexOf(LINE_END)) {
      this.#line(text.toString('utf8', 0, end));
      this.whole_bytes += end + 1;
      text = text.subarray(end + 1);
    }
    this.#checkRest(text);
    // the piece is filled anew by the next read
    this.#rest = Buffer.from(text);
  }

  #line(text: string): void {
    this.#lines++;
    const line = readCellLine(text);
    if (line === undefined) throw this.#refusal(NONE);
    if (line.sweep !== this.#expected.id) throw this.#refusal(OTHER);
    if (line.index >= this.#expected.cells) throw this.#refusal(NONE);
    this.#expected.onLine(line);
  }

  /** A half line is only cut off where it is one of ours: it could be somebody's file. */
  #checkRest(rest: Buffer): void {
    const known = Math.min(rest.length, this.#head.length);
    if (rest.subarray(0, known).equals(this.#head.subarray(0, known))) return;
    this.#lines++;
    throw this.#refusal(OTHER);
  }

  #refusal(what: string): Error {
    return fail('usage-sweep-file', { path: this.#path, line: this.#lines, what });
  }
}
