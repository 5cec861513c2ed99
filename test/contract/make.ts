/**
 * Writes vectors of the contract from a built checkout:
 *
 *     node --import tsx test/contract/make.ts DIR/dist/cli/main.js > test/vectors/contract-0.1.0.json
 */
import { COMMANDS, optionsOf, runContract } from './contract.ts';

const [main] = process.argv.slice(2);
if (main === undefined) throw new Error('give the main.js of a built checkout');
const options = Object.fromEntries(COMMANDS.map((command) => [command, optionsOf(main, command)]));
process.stdout.write(`${JSON.stringify({ options, calls: runContract(main) }, null, 1)}\n`);
