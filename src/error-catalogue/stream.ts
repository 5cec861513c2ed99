/** Reading a migration stream, and the blocks of a guest. */
import { at, blockOr, hex, type NamedBytes, type Nothing, namesOf, quote, say } from './words.ts';

export const streamErrors = {
  'stream-empty': (_: Nothing) => say('the input is empty', 'give a QEMU migration stream or a raw image'),
  'stream-cut': (d: { offset: number; wanted: string }) =>
    say(`stream cut ${at(d.offset)} before ${d.wanted}`, 'record it again'),
  'bad-magic': (d: { offset: number; found: number }) =>
    say(
      `no QEMU stream: ${hex(d.found)} at offset ${d.offset}, expected 0x5145564d (QEVM)`,
      "give one of QEMU's",
      '; ',
    ),
  'bad-version': (d: { offset: number; found: number; expected: number }) =>
    say(
      `stream version ${d.found} ${at(d.offset)}: only ${d.expected} is read`,
      'save it with QEMU 2.4 or newer',
      '; ',
    ),
  'bad-element': (d: { offset: number; found: number; expected: string }) =>
    say(`${hex(d.found)} ${at(d.offset)}, expected ${d.expected}`, 'it is damaged, record it again'),
  'no-configuration': (d: { offset: number; found: number }) =>
    say(
      `a section (${hex(d.found)}) ${at(d.offset)}, expected the configuration`,
      'use a machine type from 2.4 on',
    ),
  'unknown-command': (d: { offset: number; found: number; expected: string }) =>
    say(`command ${d.found} ${at(d.offset)} is not taken, expected ${d.expected}`, 'record without postcopy'),
  'section-id-twice': (d: { offset: number; id: number }) =>
    say(`section ${d.id} begins a second time ${at(d.offset)}`, 'record it again'),
  'ram-full': (d: { offset: number }) =>
    say(`RAM stands as one FULL section ${at(d.offset)}, expected START`, "record it with QEMU's migrate"),
  'mapped-record': (d: { offset: number }) =>
    say(
      `a page record ${at(d.offset)} in a mapped-ram file, expected the end of the section`,
      'record it again',
    ),
  'bad-footer': (d: { offset: number; found: number; expected: number }) =>
    say(`the footer ${at(d.offset)} is of section ${d.found}, expected ${d.expected}`, 'record it again'),
  'bad-configuration': (d: { offset: number; found: string }) =>
    say(`the configuration ${at(d.offset)} holds ${d.found}, which is not read`, 'record without it'),
  'unknown-section': (d: { offset: number; section: string }) =>
    say(`section ${d.section} ${at(d.offset)} never began`, 'the stream is damaged, record it again'),
  'second-ram': (d: { offset: number }) =>
    say(`RAM begins a second time ${at(d.offset)}`, 'the stream is damaged, record it again'),
  'section-not-carried': (d: { offset: number; section: string }) =>
    say(
      `section ${quote(d.section)} ${at(d.offset)} stands before the end of RAM and cannot be carried over`,
      'record without the device that sends it',
    ),
  'ram-not-here': (d: { block: string }) =>
    say(
      `RAM block ${quote(d.block)} was shared memory and is not in the stream`,
      'record without x-ignore-shared',
    ),
  'bytes-behind': (d: { offset: number; bytes: number }) =>
    say(`${d.bytes} bytes follow the end of the stream ${at(d.offset)}`, 'cut them off, or record it again'),
  'input-not-seekable': (d: { offset: number }) =>
    say(`a mapped-ram file is read in places, next ${at(d.offset)}`, 'give the file by its name'),
  'libvirt-in-memory': (d: { format: string }) =>
    say(`the libvirt save image is compressed by ${d.format}`, 'decompress it, or read it as a file in Node'),
  'libvirt-partial': (_: Nothing) =>
    say('this libvirt save image was never finished (LibvirtQemudPart at offset 0)', 'save the domain again'),
  'libvirt-head': (d: { offset: number; field: string; found: number; expected: string }) =>
    say(
      `the libvirt save image has ${d.field} ${d.found} ${at(d.offset)}, expected ${d.expected}`,
      'save it again',
    ),
  'libvirt-compressed': (d: { format: string; program: string; offset: number }) =>
    say(
      `the image is compressed by ${d.format}`,
      `tail -c +${d.offset + 1} IMAGE | ${d.program} -dc, and give that`,
    ),
  'ram-version': (d: { offset: number; found: number; expected: number }) =>
    say(
      `RAM section version ${d.found} ${at(d.offset)}: only ${d.expected} is known`,
      'record with QEMU 2.4 or newer',
      '; ',
    ),
  'no-block-list': (d: { offset: number }) =>
    say(`page records ${at(d.offset)} come before any RAM block list`, 'record it again'),
  'second-block-list': (d: { offset: number }) =>
    say(`a second list of RAM blocks ${at(d.offset)}`, 'the stream is damaged, record it again'),
  'block-list-sum': (d: { offset: number; block: string; sum_bytes: bigint; total_bytes: bigint }) =>
    say(
      `the list of RAM blocks ${at(d.offset)} comes to ${d.sum_bytes} bytes with block ${quote(d.block)}, ` +
        `its head says ${d.total_bytes}`,
      'the stream is damaged, record it again',
    ),
  'block-size': (d: { offset: number; block: string; bytes: bigint; page_bytes: number }) =>
    say(
      `RAM block ${quote(d.block)} ${at(d.offset)} has ${d.bytes} bytes, not a positive multiple of ${d.page_bytes}`,
      'the stream is damaged, record it again',
    ),
  'into-blocks': (d: {
    offset: number;
    index: number;
    wanted: NamedBytes | undefined;
    found: NamedBytes | undefined;
  }) =>
    say(
      `RAM block ${d.index} in the list before offset ${d.offset} is ${blockOr(d.found)}, that of the guest to load ` +
        `into is ${blockOr(d.wanted)}`,
      'give one with the blocks of the stream, in their order',
    ),
  'block-twice': (d: { offset: number; block: string }) =>
    say(
      `RAM block ${quote(d.block)} is listed twice, again ${at(d.offset)}`,
      'the stream is damaged, record it again',
    ),
  'too-many-blocks': (d: { offset: number; blocks_max: number }) =>
    say(`more than ${d.blocks_max} RAM blocks ${at(d.offset)}`, 'it is damaged, record it again'),
  'guest-too-large': (d: { offset?: number; bytes: number | bigint; bytes_max: number }) =>
    say(
      `${d.bytes} bytes of RAM${d.offset === undefined ? '' : ` ${at(d.offset)}`} are more than the ` +
        `${d.bytes_max} that are taken`,
      'use a smaller guest',
    ),
  'unknown-flags': (d: { offset: number; flags: number; word: bigint }) =>
    say(
      `page word ${hex(d.word)} ${at(d.offset)} has flags ${hex(d.flags)}, which are not known together ` +
        '(taken: 0x2 zero, 0x8 page, 0x40 xbzrle, each with or without 0x20 continue; 0x10 end)',
      'record without compression and multifd',
    ),
  'continue-first': (d: { offset: number }) =>
    say(`the page record ${at(d.offset)} continues no block`, 'record it again'),
  'unknown-block': (d: { offset: number; block: string }) =>
    say(
      `the page record ${at(d.offset)} names RAM block ${quote(d.block)}, which is not in the list`,
      'record it again',
    ),
  'xbzrle-head': (d: { offset: number; found: number; expected: number }) =>
    say(
      `the XBZRLE record has encoding ${hex(d.found)} ${at(d.offset)}, only ${hex(d.expected)} is known`,
      'record it again',
    ),
  'xbzrle-size': (d: { offset: number; bytes: number; bytes_max: number }) =>
    say(
      `an XBZRLE payload of ${d.bytes} bytes ${at(d.offset)} is longer than a page, ${d.bytes_max}`,
      'record it again',
    ),
  'xbzrle-run': (d: { offset: number; found: string }) =>
    say(
      `the XBZRLE run ${at(d.offset)} begins with ${d.found} and leads out of its page or record`,
      'record it again',
    ),
  'beyond-block': (d: { offset: number; page_offset: bigint; block: string; block_bytes: number }) =>
    say(
      `the page record ${at(d.offset)} is for byte ${hex(d.page_offset)} of RAM block ${quote(d.block)}, ` +
        `which has ${d.block_bytes} bytes`,
      'record it again',
    ),
  'tail-too-large': (d: { offset: number; bytes_max: number }) =>
    say(
      `more than ${d.bytes_max} bytes of device state follow RAM ${at(d.offset)}`,
      'use a guest without large devices',
    ),
  'mapped-header': (d: {
    offset: number;
    block: string;
    field: string;
    found: number | bigint;
    expected: string;
  }) =>
    say(
      `the mapped-ram header ${at(d.offset)} of RAM block ${quote(d.block)} has ${d.field} ${d.found}, ` +
        `expected ${d.expected}`,
      'record it again',
    ),
  'no-ram': (d: { offset: number }) =>
    say(`the stream ends ${at(d.offset)} without a RAM section`, 'record it again'),
  'no-such-block': (d: { block: string; blocks: readonly string[] }) =>
    say(`there is no RAM block ${quote(d.block)}`, `name one of ${d.blocks.map(quote).join(', ')}`),
  'no-blocks': (_: Nothing) => say('the stream has no RAM block: there is nothing to write'),
  'block-empty': (d: { block: string }) => say(`RAM block ${quote(d.block)} has no bytes`, 'leave it out'),
  'block-named-twice': (d: { block: string }) =>
    say(`two RAM blocks are named ${quote(d.block)}`, 'give each a name of its own'),
  'block-in-parts': (d: { block: string; bytes: number; bytes_max: number }) =>
    say(
      `RAM block ${quote(d.block)} has ${d.bytes} bytes, and one memory holds ${d.bytes_max}`,
      'go through its parts',
    ),
  'page-beyond': (d: { block: string; page: number; pages: number }) =>
    say(
      `page ${d.page} is beyond RAM block ${quote(d.block)}, which has ${d.pages}`,
      'give a page within it',
    ),
  'name-latin1': (d: { name: string }) =>
    say(
      `the name ${quote(d.name)} has characters above U+00FF, which do not go into a stream`,
      'use plain letters',
    ),
  'image-size': (d: { bytes: number; page_bytes: number }) =>
    say(
      `a raw image of ${d.bytes} bytes is not whole pages`,
      `its size must be a multiple of ${d.page_bytes}`,
    ),
  'block-name': (d: { block: string; bytes: number; bytes_max: number }) =>
    say(`the name ${quote(d.block)} has ${d.bytes} bytes, more than ${d.bytes_max}`, 'choose a shorter one'),
  'page-size': (d: { offset: number; found: string; page_bytes: number }) =>
    say(
      `the guest's pages have ${d.found} bytes ${at(d.offset)}`,
      `take one whose pages have ${d.page_bytes}`,
    ),
  multifd: (d: { offset: number; word: bigint }) =>
    say(
      `pages went by other channels, as word ${hex(d.word)} ${at(d.offset)} says`,
      'record without multifd',
    ),
  'missing-pages': (d: { block: string; missing: number; pages: number; is_multifd: boolean }) =>
    d.is_multifd
      ? say(
          `${d.missing} of ${d.pages} pages of ${quote(d.block)} are missing, as in multifd's main channel`,
          'record without multifd',
        )
      : say(
          `${d.missing} of ${d.pages} pages of block ${quote(d.block)} have no record`,
          'record it again, or add --missing zero',
        ),
  'main-memory': (d: { blocks: readonly NamedBytes[] }) =>
    say(`no block alone is main memory (${namesOf(d.blocks)})`, 'give load --block NAME or --all'),
} as const;
