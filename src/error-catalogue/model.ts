/** The model, its documents, and sweeps. */
import { inLine, quote, say } from './words.ts';

export const modelErrors = {
  // --- the model -------------------------------------------------------------------------------------
  'internal-model': (d: { what: string }) => say(`in the model ${d.what}`, 'please report this as a bug'),
  'usage-scenario': (d: { name: string; names: readonly string[] }) =>
    say(`there is no scenario ${quote(d.name)}`, `give a file, or one of ${d.names.join(', ')}`),
  'usage-setting': (d: { setting: string }) =>
    say(`${quote(d.setting)} sets nothing`, 'give path=value, such as policy.slice=20ms'),
  'usage-set': (d: { setting: string; key: string; known: readonly string[] }) =>
    say(
      `${quote(d.setting)}: there is no ${quote(d.key)}`,
      `give path=value with ` +
        `${d.known.length === 0 ? 'a path such as policy.slice' : `one of ${d.known.join(', ')}`}`,
      '; ',
    ),
  'usage-costs': (d: { name: string; names: readonly string[] }) =>
    say(`there is no set of costs ${quote(d.name)}`, `give a file, or one of ${d.names.join(', ')}`),
  'usage-document': (d: { file: string; path: string; reason: string; hint: string | undefined }) =>
    say(
      `${d.file}: ${d.path === '' ? '' : `${inLine(d.path)}: `}${inLine(d.reason)}`,
      d.hint === undefined ? undefined : inLine(d.hint),
    ),

  // --- sweeps ----------------------------------------------------------------------------------------
  'usage-vary': (d: { text: string }) =>
    say(`--vary ${quote(d.text)} lacks a key or a value`, 'give key=a,b,c, as in policy.slice=20ms,50ms'),
  'usage-vary-seed': (d: { text: string }) =>
    say(
      `--vary seed: ${quote(d.text)} is no seed`,
      'give whole numbers from 0 up, or a range, such as 1..100',
    ),
  'usage-vary-twice': (d: { what: string }) => say(`--vary has ${quote(d.what)} twice`, 'leave one out'),
  'usage-sweep-size': (d: { cells: number; cells_max: number }) =>
    say(
      `${d.cells} cells are more than the ${d.cells_max} of one sweep`,
      'vary less, or make several sweeps',
    ),
  'usage-shard': (d: { text: string }) =>
    say(`--shard ${d.text}`, 'give I/N with I from 0 to N - 1, such as 0/4 for the first of four'),
  'usage-sweep-file': (d: { path: string; line: number; what: string }) =>
    say(`${d.path}: line ${d.line} ${d.what}`, 'choose another -o, or add --force to begin anew'),
  'sweep-cell': (d: { index: number; cell: string; reason: string }) =>
    say(`cell ${d.index} (${d.cell}) failed (${d.reason})`, 'leave it out; the lines before it are kept'),
  'sweep-interrupted': (d: { path: string; done: number; cells: number }) =>
    d.path === '-'
      ? say(
          `interrupted after ${d.done} of ${d.cells} cells`,
          'with -o FILE the same command would go on there',
        )
      : say(
          `interrupted; ${d.done} of ${d.cells} cells are in ${d.path}`,
          'the same command goes on from there',
        ),
} as const;
