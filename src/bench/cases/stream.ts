/** How fast is a whole save, and reading it back? */
import { PAGE_BYTES } from '../../guest/guest.ts';
import type { BenchLibrary } from '../build.ts';
import {
  type BenchCase,
  type Check,
  checkedOneIn,
  checkOf,
  checkPage,
  type Ready,
  type Side,
  sizeName,
} from '../case.ts';
import { writeContent } from '../content.ts';

type Guest = InstanceType<BenchLibrary['Guest']>;

/** What a case of a whole stream works on. */
interface Setting {
  readonly library: BenchLibrary;
  readonly guest: Guest;
  readonly check: Check;
}

/** A guest of half zero pages, saved to memory; its stream loaded, and looked through. */
export function streamCases(bytes: number): BenchCase[] {
  const caseOf = (work: string, prepare: (setting: Setting) => Promise<Ready>): BenchCase => {
    const name = `${work}/half/${sizeName(bytes)}`;
    return {
      name,
      bytes,
      isFor: ({ build }) => build.library !== undefined,
      prepare: (_, side) => prepare(settingOf(name, bytes, side)),
    };
  };
  return [caseOf('save', prepareSave), caseOf('load', prepareLoad), caseOf('inspect', prepareInspect)];
}

function settingOf(name: string, bytes: number, side: Side): Setting {
  const { library } = side.build;
  if (library === undefined) throw new Error(`${name} needs a library`);
  const guest = new library.Guest([{ name: 'ram', bytes }]);
  writeContent(guest.ram(guest.largestBlock()), 'half');
  return { library, guest, check: checkOf(name, side) };
}

async function streamOf({ library, guest }: Setting): Promise<Uint8Array> {
  return (await library.saveToMemory(guest, { policy: library.unlimited })).stream;
}

async function prepareSave(setting: Setting): Promise<Ready> {
  const stream = await streamOf(setting);
  checkLoaded(stream, setting);
  return { wire_bytes: stream.length, run: async () => void (await streamOf(setting)) };
}

async function prepareLoad(setting: Setting): Promise<Ready> {
  const stream = await streamOf(setting);
  checkLoaded(stream, setting);
  return { wire_bytes: stream.length, run: () => void setting.library.loadStream(stream) };
}

async function prepareInspect(setting: Setting): Promise<Ready> {
  const { library, guest, check } = setting;
  const stream = await streamOf(setting);
  const ram = guest.ram(guest.largestBlock());
  let zero_pages = 0;
  for (let at = 0; at < ram.length; at += PAGE_BYTES) {
    // a page of the content begins with a word that is not zero, or is zero
    if (ram[at] === 0) zero_pages++;
  }
  const { pages } = library.inspectStream(stream);
  check('zero pages', pages.zero, zero_pages);
  check('pages', pages.zero + pages.normal, ram.length / PAGE_BYTES);
  return { wire_bytes: stream.length, run: () => void library.inspectStream(stream) };
}

/** The stream loads as the guest that was saved. */
function checkLoaded(stream: Uint8Array, { library, guest, check }: Setting): void {
  const { guest: again } = library.loadStream(stream);
  const [saved, loaded] = [guest.ram(guest.largestBlock()), again.ram(again.largestBlock())];
  check('bytes of RAM', loaded.length, saved.length);
  const one_in = checkedOneIn(saved.length);
  for (let page = 0; page < saved.length / PAGE_BYTES; page += one_in) {
    const at = page * PAGE_BYTES;
    checkPage(check, page, loaded.subarray(at, at + PAGE_BYTES), saved.subarray(at, at + PAGE_BYTES));
  }
}
