/**
 * Every error of pagepipe: one class, a code that programs may test, and the wording.
 *
 * No other file words an error. Each message is one line: what is wrong, where, and what to do.
 * Codes that start with `usage-` mean that the call itself was wrong (the command line exits with 2);
 * all others mean that it could not be done (exit 1).
 */

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const at = (offset: number): string => `at offset ${offset} (${hex(offset)})`;
/** What JSON.stringify lets pass, and a terminal may act on: DEL, the C1 controls, other ends of lines. */
const STEERING = /[\u007f-\u009f\u2028\u2029]/g;
/** A name from a file, safe to print: control characters and quotes escaped. */
export const quote = (name: string): string =>
  JSON.stringify(name).replace(STEERING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Words from a document, safe to print in a line. */
const inLine = (text: string): string =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** `-` in words. */
const placeOf = (output: string): string => (output === '-' ? 'standard output' : output);

/** A block of RAM, or none. */
type NamedBytes = { readonly name: string; readonly bytes: number };
const blockOr = (block: NamedBytes | undefined): string =>
  block === undefined ? 'none' : `${quote(block.name)} of ${block.bytes} bytes`;

/** So many blocks are named in a line. */
const NAMED_MAX = 8;
const namesOf = (blocks: readonly NamedBytes[]): string => {
  const more = blocks.length - NAMED_MAX;
  const names = blocks.slice(0, NAMED_MAX).map(({ name }) => quote(name));
  return names.join(', ') + (more > 0 ? `, and ${more} more` : '');
};

type Nothing = Readonly<Record<never, never>>;

const catalogue = {
  // --- usage: sizes, rates, durations -------------------------------------------------------------
  'usage-size': (d: { text: string }) =>
    `"${d.text}" is not a size: give bytes, KiB, MiB, GiB, TiB, kB, MB, GB, TB, such as 64KiB`,
  'usage-rate': (d: { text: string }) =>
    `"${d.text}" is not a rate: give B, KiB, MiB, GiB, TiB, kB, MB, GB, TB with /s, as 32MiB/s`,
  'usage-duration': (d: { text: string }) =>
    `"${d.text}" is not a duration: give a number with a unit ns, us, ms, s, min, such as 50ms`,
  'usage-too-large': (d: { text: string }) =>
    `"${d.text}" is more than 2^53 - 1 bytes or nanoseconds: give less`,
  'usage-share': (d: { text: string }) => `"${d.text}" is not a share: give 0% to 100%, such as 60%`,
  'usage-workload': (d: { name: string; names: readonly string[] }) =>
    `there is no workload ${quote(d.name)}: give one of ${d.names.join(', ')}`,
  'usage-workload-key': (d: { text: string; keys: readonly string[] }) =>
    `"${d.text}" is unknown or there twice: give key=value with one of ${d.keys.join(', ')}`,
  'usage-workload-value': (d: { text: string; reason: string }) => `"${d.text}": ${d.reason}`,

  // --- usage: the command line --------------------------------------------------------------------
  'usage-number': (d: { option: string; text: string; min: number; max?: number }) =>
    `${d.option} ${d.text}: give a whole number from ${d.min} ${d.max === undefined ? 'up' : `to ${d.max}`}`,
  'usage-guest-size': (d: { bytes: number; page_bytes: number }) =>
    `--size of ${d.bytes} bytes is not whole pages: give a multiple of ${d.page_bytes}, such as 1GiB`,
  'usage-running-size': (d: { bytes: number; bytes_max: number }) =>
    `a guest of ${d.bytes} bytes that runs is not made, ${d.bytes_max} is the most: take idle, or less --size`,
  'usage-word': (d: { option: string; text: string; words: readonly string[] }) =>
    `${d.option} ${d.text} is not known: give one of ${d.words.join(', ')}`,
  'usage-needs': (d: { option: string; needs: string }) => `${d.option} needs ${d.needs}: add it`,
  'usage-contradiction': (d: { one: string; other: string }) =>
    `${d.one} and ${d.other} contradict each other: leave one out`,
  'usage-percent': (d: { option: string; text: string }) =>
    `${d.option} ${d.text}: give a bare number of per cent, above 0 and below 100, such as 5`,
  'usage-terminal': (_: Nothing) =>
    'the stream would go to the terminal: redirect standard output, or give a file with -o',

  // --- the core and its memory --------------------------------------------------------------------
  'wasm-forbidden': (_: Nothing) =>
    "the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
  'internal-core': (d: { missing: string }) =>
    `the core lacks ${d.missing}: build it again with npm run build`,
  'guest-not-shared': (_: Nothing) =>
    "the guest's memory is not shared between threads: make or read it with shared: true",
  'memory-full': (d: { wanted_bytes: number }) =>
    `no memory for ${d.wanted_bytes} bytes: close other programs, or save a smaller guest`,

  // --- reading a migration stream -----------------------------------------------------------------
  'stream-empty': (_: Nothing) => 'the input is empty: give a QEMU migration stream or a raw image',
  'stream-cut': (d: { offset: number; wanted: string }) =>
    `stream cut ${at(d.offset)} before ${d.wanted}: record it again`,
  'bad-magic': (d: { offset: number; found: number }) =>
    `no QEMU stream: ${hex(d.found)} at offset ${d.offset}, expected 0x5145564d (QEVM); give one of QEMU's`,
  'bad-version': (d: { offset: number; found: number; expected: number }) =>
    `stream version ${d.found} ${at(d.offset)}: only ${d.expected} is read; save it with QEMU 2.4 or newer`,
  'bad-element': (d: { offset: number; found: number; expected: string }) =>
    `${hex(d.found)} ${at(d.offset)}, expected ${d.expected}: it is damaged, record it again`,
  'no-configuration': (d: { offset: number; found: number }) =>
    `a section (${hex(d.found)}) ${at(d.offset)}, expected the configuration: use a machine type from 2.4 on`,
  'unknown-command': (d: { offset: number; found: number; expected: string }) =>
    `command ${d.found} ${at(d.offset)} is not taken, expected ${d.expected}: record without postcopy`,
  'section-id-twice': (d: { offset: number; id: number }) =>
    `section ${d.id} begins a second time ${at(d.offset)}: record it again`,
  'ram-full': (d: { offset: number }) =>
    `RAM stands as one FULL section ${at(d.offset)}, expected START: record it with QEMU's migrate`,
  'mapped-record': (d: { offset: number }) =>
    `a page record ${at(d.offset)} in a mapped-ram file, expected the end of the section: record it again`,
  'bad-footer': (d: { offset: number; found: number; expected: number }) =>
    `the footer ${at(d.offset)} is of section ${d.found}, expected ${d.expected}: record it again`,
  'bad-configuration': (d: { offset: number; found: string }) =>
    `the configuration ${at(d.offset)} holds ${d.found}, which is not read: record without it`,
  'unknown-section': (d: { offset: number; section: string }) =>
    `section ${d.section} ${at(d.offset)} never began: the stream is damaged, record it again`,
  'second-ram': (d: { offset: number }) =>
    `RAM begins a second time ${at(d.offset)}: the stream is damaged, record it again`,
  'section-not-carried': (d: { offset: number; section: string }) =>
    `section ${quote(d.section)} ${at(d.offset)} stands before the end of RAM and cannot be carried over: ` +
    'record without the device that sends it',
  'ram-not-here': (d: { block: string }) =>
    `RAM block ${quote(d.block)} was shared memory and is not in the stream: record without x-ignore-shared`,
  'bytes-behind': (d: { offset: number; bytes: number }) =>
    `${d.bytes} bytes follow the end of the stream ${at(d.offset)}: cut them off, or record it again`,
  'input-not-seekable': (d: { offset: number }) =>
    `a mapped-ram file is read in places, next ${at(d.offset)}: give the file by its name`,
  'libvirt-in-memory': (d: { format: string }) =>
    `the libvirt save image is compressed by ${d.format}: decompress it, or read it as a file in Node`,
  'libvirt-partial': (_: Nothing) =>
    'this libvirt save image was never finished (LibvirtQemudPart at offset 0): save the domain again',
  'libvirt-head': (d: { offset: number; field: string; found: number; expected: string }) =>
    `the libvirt save image has ${d.field} ${d.found} ${at(d.offset)}, expected ${d.expected}: save it again`,
  'libvirt-compressed': (d: { format: string; program: string; offset: number }) =>
    `the image is compressed by ${d.format}: tail -c +${d.offset + 1} IMAGE | ${d.program} -dc, and give that`,
  'ram-version': (d: { offset: number; found: number; expected: number }) =>
    `RAM section version ${d.found} ${at(d.offset)}: only ${d.expected} is known; record with QEMU 2.4 or newer`,
  'no-block-list': (d: { offset: number }) =>
    `page records ${at(d.offset)} come before any RAM block list: record it again`,
  'second-block-list': (d: { offset: number }) =>
    `a second list of RAM blocks ${at(d.offset)}: the stream is damaged, record it again`,
  'block-list-sum': (d: { offset: number; block: string; sum_bytes: bigint; total_bytes: bigint }) =>
    `the list of RAM blocks ${at(d.offset)} comes to ${d.sum_bytes} bytes with block ${quote(d.block)}, ` +
    `its head says ${d.total_bytes}: the stream is damaged, record it again`,
  'block-size': (d: { offset: number; block: string; bytes: bigint; page_bytes: number }) =>
    `RAM block ${quote(d.block)} ${at(d.offset)} has ${d.bytes} bytes, not a positive multiple of ${d.page_bytes}: ` +
    'the stream is damaged, record it again',
  'into-blocks': (d: {
    offset: number;
    index: number;
    wanted: NamedBytes | undefined;
    found: NamedBytes | undefined;
  }) =>
    `RAM block ${d.index} in the list before offset ${d.offset} is ${blockOr(d.found)}, that of the guest to load ` +
    `into is ${blockOr(d.wanted)}: give one with the blocks of the stream, in their order`,
  'block-twice': (d: { offset: number; block: string }) =>
    `RAM block ${quote(d.block)} is listed twice, again ${at(d.offset)}: the stream is damaged, record it again`,
  'too-many-blocks': (d: { offset: number; blocks_max: number }) =>
    `more than ${d.blocks_max} RAM blocks ${at(d.offset)}: it is damaged, record it again`,
  'guest-too-large': (d: { offset?: number; bytes: number | bigint; bytes_max: number }) =>
    `${d.bytes} bytes of RAM${d.offset === undefined ? '' : ` ${at(d.offset)}`} are more than the ` +
    `${d.bytes_max} that are taken: use a smaller guest`,
  'unknown-flags': (d: { offset: number; flags: number; word: bigint }) =>
    `page word ${hex(d.word)} ${at(d.offset)} has flags ${hex(d.flags)}, which are not known together ` +
    '(taken: 0x2 zero, 0x8 page, 0x40 xbzrle, each with or without 0x20 continue; 0x10 end): ' +
    'record without compression and multifd',
  'continue-first': (d: { offset: number }) =>
    `the page record ${at(d.offset)} continues no block: record it again`,
  'unknown-block': (d: { offset: number; block: string }) =>
    `the page record ${at(d.offset)} names RAM block ${quote(d.block)}, which is not in the list: record it again`,
  'xbzrle-head': (d: { offset: number; found: number; expected: number }) =>
    `the XBZRLE record has encoding ${hex(d.found)} ${at(d.offset)}, only ${hex(d.expected)} is known: record it again`,
  'xbzrle-size': (d: { offset: number; bytes: number; bytes_max: number }) =>
    `an XBZRLE payload of ${d.bytes} bytes ${at(d.offset)} is longer than a page, ${d.bytes_max}: record it again`,
  'xbzrle-run': (d: { offset: number; found: string }) =>
    `the XBZRLE run ${at(d.offset)} begins with ${d.found} and leads out of its page or record: record it again`,
  'beyond-block': (d: { offset: number; page_offset: bigint; block: string; block_bytes: number }) =>
    `the page record ${at(d.offset)} is for byte ${hex(d.page_offset)} of RAM block ${quote(d.block)}, ` +
    `which has ${d.block_bytes} bytes: record it again`,
  'tail-too-large': (d: { offset: number; bytes_max: number }) =>
    `more than ${d.bytes_max} bytes of device state follow RAM ${at(d.offset)}: use a guest without large devices`,
  'mapped-header': (d: {
    offset: number;
    block: string;
    field: string;
    found: number | bigint;
    expected: string;
  }) =>
    `the mapped-ram header ${at(d.offset)} of RAM block ${quote(d.block)} has ${d.field} ${d.found}, ` +
    `expected ${d.expected}: record it again`,
  'no-ram': (d: { offset: number }) =>
    `the stream ends ${at(d.offset)} without a RAM section: record it again`,
  'no-such-block': (d: { block: string; blocks: readonly string[] }) =>
    `there is no RAM block ${quote(d.block)}: name one of ${d.blocks.map(quote).join(', ')}`,
  'no-blocks': (_: Nothing) => 'the stream has no RAM block: there is nothing to write',
  'block-empty': (d: { block: string }) => `RAM block ${quote(d.block)} has no bytes: leave it out`,
  'block-named-twice': (d: { block: string }) =>
    `two RAM blocks are named ${quote(d.block)}: give each a name of its own`,
  'block-in-parts': (d: { block: string; bytes: number; bytes_max: number }) =>
    `RAM block ${quote(d.block)} has ${d.bytes} bytes, and one memory holds ${d.bytes_max}: go through its parts`,
  'page-beyond': (d: { block: string; page: number; pages: number }) =>
    `page ${d.page} is beyond RAM block ${quote(d.block)}, which has ${d.pages}: give a page within it`,
  'name-latin1': (d: { name: string }) =>
    `the name ${quote(d.name)} has characters above U+00FF, which do not go into a stream: use plain letters`,
  'image-size': (d: { bytes: number; page_bytes: number }) =>
    `a raw image of ${d.bytes} bytes is not whole pages: its size must be a multiple of ${d.page_bytes}`,
  'block-name': (d: { block: string; bytes: number; bytes_max: number }) =>
    `the name ${quote(d.block)} has ${d.bytes} bytes, more than ${d.bytes_max}: choose a shorter one`,
  'foreign-file': (d: { name: string; next: string; may_be_raw: boolean }) =>
    `the input is ${d.name}: ${d.next}${d.may_be_raw ? ', or add --raw' : ''}`,
  'page-size': (d: { offset: number; found: string; page_bytes: number }) =>
    `the guest's pages have ${d.found} bytes ${at(d.offset)}: take one whose pages have ${d.page_bytes}`,
  multifd: (d: { offset: number; word: bigint }) =>
    `pages went by other channels, as word ${hex(d.word)} ${at(d.offset)} says: record without multifd`,
  'missing-pages': (d: { block: string; missing: number; pages: number; is_multifd: boolean }) =>
    d.is_multifd
      ? `${d.missing} of ${d.pages} pages of ${quote(d.block)} are missing, as in multifd's main channel: ` +
        'record without multifd'
      : `${d.missing} of ${d.pages} pages of block ${quote(d.block)} have no record: ` +
        'record it again, or add --missing zero',
  'main-memory': (d: { blocks: readonly NamedBytes[] }) =>
    `no block alone is main memory (${namesOf(d.blocks)}): give load --block NAME or --all`,

  // --- the save loop ------------------------------------------------------------------------------
  'usage-limit': (d: { limit_bytes_per_s: number }) =>
    `${d.limit_bytes_per_s} bytes a second is no limit: give a whole number above 0, or "unlimited"`,
  'usage-target': (d: { target_ns: number }) =>
    `a blackout of ${d.target_ns} ns is no target: give a duration above 0, such as 10ms`,
  'usage-staging': (d: { bytes: number; bytes_min: number }) =>
    `a staging buffer of ${d.bytes} bytes cannot hold one page record: give at least ${d.bytes_min}`,
  'usage-xbzrle-cache': (d: { bytes: number; page_bytes: number }) =>
    `an XBZRLE cache of ${d.bytes} bytes is not taken: give a power of two from ${d.page_bytes} up, such as 64MiB`,
  'usage-xbzrle-guest': (d: { bytes: number }) =>
    `XBZRLE is for guests of up to 4 GiB less 16 MiB, and this one has ${d.bytes} bytes: leave --xbzrle out`,
  'machine-name': (d: { bytes: number; bytes_max: number }) =>
    `a machine name of ${d.bytes} bytes is not taken, ${d.bytes_max} is the most: give a shorter one`,
  'internal-placement': (d: { bytes: number }) =>
    `${d.bytes} staged bytes have no place in the file: please report this as a bug`,
  interrupted: (_: Nothing) => 'interrupted; nothing was left behind, run it again to save',
  'internal-dirty-count': (d: { dirty_pages: number }) =>
    `the count of dirty pages (${d.dirty_pages}) and the dirty bitmap differ: please report this as a bug`,
  'internal-staging': (d: { at: number; room_bytes: number; staging_bytes: number }) =>
    `${d.room_bytes} bytes at ${d.at} do not fit a staging buffer of ${d.staging_bytes}: please report this as a bug`,
  'internal-phase': (d: { phase: string }) => `there is no phase "${d.phase}": please report this as a bug`,
  'internal-span': (d: { phase: string; open: string }) =>
    `a span of ${d.phase} does not fit one of ${d.open}: please report this as a bug`,
  'internal-histogram': (d: { value: number }) =>
    `a histogram was given ${d.value}, no whole number from 0 up: please report this as a bug`,
  'trace-empty': (_: Nothing) =>
    "the log has no whole span: give what save --trace or the thread's SystemTap script wrote",

  // --- the model ----------------------------------------------------------------------------------
  'internal-model': (d: { what: string }) => `in the model ${d.what}: please report this as a bug`,
  'usage-scenario': (d: { name: string; names: readonly string[] }) =>
    `there is no scenario ${quote(d.name)}: give a file, or one of ${d.names.join(', ')}`,
  'usage-setting': (d: { setting: string }) =>
    `${quote(d.setting)} sets nothing: give path=value, such as policy.slice=20ms`,
  'usage-set': (d: { setting: string; key: string; known: readonly string[] }) =>
    `${quote(d.setting)}: there is no ${quote(d.key)}; give path=value with ` +
    `${d.known.length === 0 ? 'a path such as policy.slice' : `one of ${d.known.join(', ')}`}`,
  'usage-costs': (d: { name: string; names: readonly string[] }) =>
    `there is no set of costs ${quote(d.name)}: give a file, or one of ${d.names.join(', ')}`,
  'usage-document': (d: { file: string; path: string; reason: string }) =>
    `${d.file}: ${d.path === '' ? '' : `${inLine(d.path)}: `}${inLine(d.reason)}`,

  // --- comparing ----------------------------------------------------------------------------------
  'usage-compare': (_: Nothing) =>
    'BASE and NEW have no case in common: give runs of the same options, or one case in each',
  'compare-failed': (d: {
    fail_below: number;
    cases: number;
    fallen: number;
    worst: string;
    is_sure: boolean;
  }) =>
    `throughput fell by over ${d.fail_below} %${d.cases === 1 ? ', to ' : ` in ${d.fallen} of ${d.cases} cases, worst `}` +
    `${d.worst}: ${d.is_sure ? 'find out why' : 'repeat it to be sure'}`,

  // --- benches ------------------------------------------------------------------------------------
  'usage-bench-size': (d: { bytes: number; bytes_max: number }) =>
    `--size of ${d.bytes} bytes is not measured: give whole MiB, 1MiB to ${d.bytes_max / 2 ** 20}MiB`,
  'usage-bench-only': (d: { pattern: string; is_regexp: boolean }) =>
    `--only ${quote(d.pattern)} ${d.is_regexp ? 'is in no name' : 'is no regular expression'}: ` +
    'give part of a name, such as encode/half',
  'usage-bench-build': (d: { place: string; reason: string }) =>
    `${d.place} ${d.reason}: give a built checkout, a package or a core.wasm`,
  'usage-bench-import': (d: { place: string; reason: string }) =>
    `${d.place} does not load (${inLine(d.reason)}): install and build it`,
  'bench-wrong': (d: { name: string; build: string; what: string }) =>
    `${d.name}: ${d.build} answers wrongly (${d.what}): rebuild it`,

  // --- sweeps -------------------------------------------------------------------------------------
  'usage-vary': (d: { text: string }) =>
    `--vary ${quote(d.text)} lacks a key or a value: give key=a,b,c, as in policy.slice=20ms,50ms`,
  'usage-vary-seed': (d: { text: string }) =>
    `--vary seed: ${quote(d.text)} is no seed: give whole numbers from 0 up, or a range, such as 1..100`,
  'usage-vary-twice': (d: { what: string }) => `--vary has ${quote(d.what)} twice: leave one out`,
  'usage-sweep-size': (d: { cells: number; cells_max: number }) =>
    `${d.cells} cells are more than the ${d.cells_max} of one sweep: vary less, or make several sweeps`,
  'usage-shard': (d: { text: string }) =>
    `--shard ${d.text}: give I/N with I from 0 to N - 1, such as 0/4 for the first of four`,
  'usage-sweep-file': (d: { path: string; line: number; what: string }) =>
    `${d.path}: line ${d.line} ${d.what}: choose another -o, or add --force to begin anew`,
  'sweep-cell': (d: { index: number; cell: string; reason: string }) =>
    `cell ${d.index} (${d.cell}) failed (${d.reason}): leave it out; the lines before it are kept`,
  'sweep-interrupted': (d: { path: string; done: number; cells: number }) =>
    d.path === '-'
      ? `interrupted after ${d.done} of ${d.cells} cells: with -o FILE the same command would go on there`
      : `interrupted; ${d.done} of ${d.cells} cells are in ${d.path}: the same command goes on from there`,

  // --- files, pipes and processes -----------------------------------------------------------------
  'output-exists': (d: { path: string }) =>
    `${d.path} exists: add --force to replace it, or choose another name`,
  'output-folder-missing': (d: { path: string; folder: string }) =>
    `${d.path} cannot be written: the folder ${d.folder} does not exist; make it first`,
  'output-refused': (d: { path: string; reason: string }) =>
    `${d.path} cannot be written (${d.reason}): choose another place`,
  'mapped-needs-file': (_: Nothing) =>
    'a mapped-ram file is written in places: give the name of a regular file with -o',
  'channel-ended': (d: { path: string; channel: number }) =>
    `channel ${d.channel} of the save to ${d.path} ended by itself: nothing was left behind, run it again`,
  'disk-full': (d: { path: string; offset: number }) =>
    `no space left for ${d.path} at byte ${d.offset}: free some, or choose another disk`,
  'write-failed': (d: { path: string; offset: number; reason: string }) =>
    `writing ${d.path} failed at byte ${d.offset} (${d.reason}): check the disk and run it again`,
  'input-refused': (d: { path: string; reason: string }) =>
    `${d.path} cannot be read (${d.reason}): check its name and permissions`,
  'helper-ended': (d: { how: string; bytes: number }) =>
    `the helper ${d.how} after ${d.bytes} bytes: nothing was left behind, run it again`,
  'thread-ended': (d: { how: string }) => `the migration thread ${d.how}: run it again, or without --thread`,
  'helper-short': (d: { written_bytes: number; stream_bytes: number }) =>
    `the helper process wrote ${d.written_bytes} of ${d.stream_bytes} bytes: nothing was left behind, run it again`,
  'command-failed': (d: { command: string; how: string }) =>
    `"${d.command}" ${d.how}: see what it printed, and run it again`,
  'command-closed': (d: { command: string; bytes: number }) =>
    `"${d.command}" stopped reading after ${d.bytes} bytes: it must read the whole stream`,
  'reader-closed': (d: { path: string; offset: number }) =>
    `the reader of ${placeOf(d.path)} went away after ${d.offset} bytes: use one that reads to the end`,
  'extra-failed': (d: { what: string; output: string }) =>
    `${d.what}; the stream ${placeOf(d.output)} is whole: keep it or rerun`,
  'calibration-peer': (d: { how: string }) => `the second process of the measurement ${d.how}: run it again`,
  'no-fifo': (d: { reason: string }) =>
    `no FIFO could be made (${d.reason}): save with --via file, which needs none`,
} as const;

/** The code of an error; stable, for programs. */
export type ErrorCode = keyof typeof catalogue;

/** What each error carries: offsets, values, names. */
export type ErrorDetails = { [C in ErrorCode]: Parameters<(typeof catalogue)[C]>[0] };

const wordings: { readonly [C in ErrorCode]: (d: ErrorDetails[C]) => string } = catalogue;

/**
 * The one error class of pagepipe.
 *
 * @example
 * try { await load(bytes) } catch (e) {
 *   if (e instanceof PagepipeError && e.code === 'stream-cut') console.log(e.detail.offset)
 * }
 */
export class PagepipeError extends Error {
  override readonly name = 'PagepipeError';
  readonly code: ErrorCode;
  /** Offsets in bytes, values and names, by the keys of the code's entry above. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, detail: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
  }

  /** What is wrong, without what to do about it. */
  get what(): string {
    return this.message.split(/[:;] /, 1)[0] ?? this.message;
  }

  /** Whether the call was wrong (true), or it could not be done (false). */
  get is_usage(): boolean {
    return this.code.startsWith('usage-');
  }
}

/**
 * Makes the error of a code.
 *
 * @example throw fail('usage-size', { text: '12 parsecs' });
 */
export function fail<C extends ErrorCode>(code: C, detail: ErrorDetails[C], cause?: unknown): PagepipeError {
  return new PagepipeError(code, wordings[code](detail), { ...detail }, cause);
}

/** An error in plain values: its class does not survive the way to another thread. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  /** Of a PagepipeError. */
  readonly code?: ErrorCode;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** What another thread is told of an error. */
export function plainError(error: unknown): PlainError {
  if (error instanceof PagepipeError) {
    const { name, message, code, detail } = error;
    return { name, message, code, detail };
  }
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

/** The error again that another thread has told of. */
export function restoredError({ name, message, code, detail }: PlainError): Error {
  if (code !== undefined) return new PagepipeError(code, message, detail ?? {});
  return Object.assign(new Error(message), { name });
}
