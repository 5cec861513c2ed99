/**
 * The helper process, as libvirt_iohelper: drains the pipe on standard input to a file, a megabyte at a
 * time, blocking. See pipe/helper-protocol for what it is told and what it reports.
 */
import { closeSync, fdatasyncSync, readSync, rmSync } from 'node:fs';
import { cannotSync, codeOf, reasonOf } from '../os-error.ts';
import { alignedBuffer, DISK_BLOCK_BYTES, DiskWriter } from '../output/disk-writer.ts';
import type { FromHelper, ToHelper } from './helper-protocol.ts';

const PIPE_FD = 0;

let writer: DiskWriter | undefined;
let part_path: string | undefined;

/** Without a callback a save that is gone would end this process by EPIPE, before the half file is removed. */
function report(message: FromHelper, whenSent: () => void = () => undefined): void {
  process.send?.(message, whenSent);
}

/** Fills the buffer from the pipe, or as far as the pipe goes; full blocks keep O_DIRECT aligned. */
function fillFromPipe(buffer: Uint8Array): number {
  let fill = 0;
  while (fill < buffer.length) {
    const bytes = readSync(PIPE_FD, buffer, fill, buffer.length - fill, null);
    if (bytes === 0) break;
    fill += bytes;
  }
  return fill;
}

function start({ target, direct, is_part }: Extract<ToHelper, { type: 'start' }>): void {
  if (is_part && 'path' in target) part_path = target.path;
  writer = new DiskWriter(target, { direct });
  report({ type: 'opened', is_direct: writer.is_direct, direct_refusal: writer.direct_refusal });
  // the report has to leave before the first read blocks this process
  setImmediate(() => guarded(drain));
}

function drain(): void {
  if (writer === undefined) return;
  const buffer = alignedBuffer(DISK_BLOCK_BYTES);
  for (;;) {
    const bytes = fillFromPipe(buffer);
    if (bytes > 0) writer.writeBlock(buffer, bytes);
    if (bytes < buffer.length) break;
  }
  report({ type: 'opened', is_direct: writer.is_direct, direct_refusal: writer.direct_refusal });
  report({ type: 'drained', written_bytes: writer.written_bytes, times: writer.times });
}

function finish({ stream_bytes }: Extract<ToHelper, { type: 'finish' }>): void {
  // a pipe also ends when its writer dies: only the writer knows where the stream really ends
  if (writer === undefined || writer.written_bytes !== stream_bytes) return;
  const before_ms = performance.now();
  writer.trim();
  syncAndClose(writer.fd);
  report({ type: 'synced', sync_ms: performance.now() - before_ms });
  part_path = undefined;
  process.disconnect();
}

function syncAndClose(fd: number): void {
  try {
    fdatasyncSync(fd);
  } catch (error) {
    if (!cannotSync(error)) throw error;
  }
  closeSync(fd);
}

/** Runs a step; a failure is reported and ends the process, and with it the pipe. */
function guarded(step: () => void): void {
  try {
    step();
  } catch (error) {
    const offset = writer?.written_bytes ?? 0;
    report({ type: 'failed', offset, code: codeOf(error), reason: reasonOf(error) }, () => {
      removePart();
      process.exit(1);
    });
  }
}

/** Half a file is worth nothing; the save removes it too, if it lives. */
function removePart(): void {
  if (part_path !== undefined) rmSync(part_path, { force: true });
}

process.on('message', (message: ToHelper) => {
  guarded(() => (message.type === 'start' ? start(message) : finish(message)));
});

// the save is gone before the stream was whole
process.on('disconnect', removePart);

// Ctrl-C goes to the whole group of processes; the save decides what becomes of the helper
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
