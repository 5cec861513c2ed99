/** What the operating system says when a call fails. */
import { getSystemErrorMap } from 'node:util';
import { fail, type PagepipeError } from '../errors.ts';

/** The symbol of a system error, such as `ENOSPC`; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A system error in words: `no space left on device`. */
export function reasonOf(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const known = typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[1] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

/** The error of a write to `path` that failed at `offset`. */
export function writeFailure(path: string, offset: number, cause: unknown): PagepipeError {
  const code = codeOf(cause);
  // of a pipe, and of a socket whose other end left bytes unread
  if (code === 'EPIPE' || code === 'ECONNRESET') return fail('reader-closed', { path, offset }, cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') return fail('disk-full', { path, offset }, cause);
  return fail('write-failed', { path, offset, reason: reasonOf(cause) }, cause);
}

/** Whether a sync failed only because there is nothing to sync: a pipe, a terminal (fdatasync(2)). */
export function cannotSync(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EINVAL' || code === 'EROFS';
}
